import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import { parseAllDocuments, stringify } from "yaml";

import { run } from "../../src/cli/cli.ts";
import { convert } from "../../src/import/convert.ts";
import { isSafe } from "../../src/import/finding.ts";
import type { JsonObject } from "../../src/json.ts";
import { decodePolicy } from "../../src/trust/decode.ts";
import type { PolicyKind } from "../../src/trust/trust-policy.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { withField } from "../helpers/tweak.ts";

const [A = "", B = ""] = [1, 2].map(() => generateSigningKey().publicKey);

interface Imported {
  readonly status: number;
  readonly policies: readonly (JsonObject & { readonly kind: PolicyKind; readonly metadata: { readonly name: string; readonly namespace?: string }; readonly spec: JsonObject })[];
  readonly report: string;
}

async function importing(t: Test, documents: readonly unknown[], ...flags: readonly string[]): Promise<Imported> {
  const dir = t.testdir({ "source.yaml": documents.map((document) => stringify(document)).join("---\n") });
  return importFile(join(dir, "source.yaml"), ...flags);
}

async function importFile(file: string, ...flags: readonly string[]): Promise<Imported> {
  const kept: [string[], string[]] = [[], []];
  const [stdout, stderr] = kept.map((chunks) => new Writable({ write: (chunk: Buffer, _encoding, done) => done(void chunks.push(chunk.toString())) })) as [Writable, Writable];
  const status = await run(["import", file, ...flags], { stdout, stderr, env: {}, stopAsked: async () => {} });
  const policies = parseAllDocuments(kept[0].join("")).flatMap((document) => (document.contents === null ? [] : [document.toJS() as Imported["policies"][number]]));
  for (const policy of policies) t.equal(decodePolicy(policy.kind, policy, "pratique-system").spec.kind, "readable", "what is written can be applied");
  return { status, policies, report: stripVTControlCharacters(kept[1].join("")) };
}

const CIP = {
  apiVersion: "policy.sigstore.dev/v1beta1",
  kind: "ClusterImagePolicy",
  metadata: { name: "release" },
  spec: { images: [{ glob: "ghcr.io/acme/**" }], authorities: [{ name: "release", key: { data: A } as object } as object] },
};

const KYVERNO = {
  apiVersion: "kyverno.io/v1",
  kind: "ClusterPolicy",
  metadata: { name: "release" },
  spec: {
    rules: [
      {
        name: "signed",
        match: { any: [{ resources: { kinds: ["Pod"] } }] },
        verifyImages: [{ imageReferences: ["ghcr.io/acme/*"], attestors: [{ entries: [{ keys: { publicKeys: A, rekor: { ignoreTlog: true } } as object }] as object[] }] as object[] }],
      },
    ],
  },
};

const CONNAISSEUR = {
  application: {
    validators: [
      { name: "allow", type: "static", approve: true },
      { name: "deny", type: "static", approve: false },
      { name: "ours", type: "cosign", trustRoots: [{ name: "default", key: A }, { name: "second", key: B }] },
    ],
    policy: [{ pattern: "harbor.example.com/shop/*:*", validator: "ours", with: { verifyInTransparencyLog: false } as object }] as object[],
  },
};

t.test("a ClusterImagePolicy becomes a ClusterTrustPolicy that asks for the same", async (t) => {
  const { status, policies } = await importing(t, [CIP]);
  t.equal(status, 0);
  t.same(policies, [
    { apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "release" }, spec: { images: CIP.spec.images, authorities: CIP.spec.authorities, index: "index" } },
  ]);
  const full = withField(CIP, "spec.authorities.0", { name: "r", key: { data: A, hashAlgorithm: "sha512" }, source: [{ oci: "ghcr.io/acme/sigs", tagPrefix: "v1-", signaturePullSecrets: [{ name: "pull" }] }], attestations: [{ name: "p", predicateType: "slsaprovenance1" }] });
  t.same((await importing(t, [full])).policies[0]?.spec["authorities"], full.spec.authorities);
  const fixed = withField(CIP, "spec.authorities.0", { static: { action: "fail", message: "no" } });
  t.same((await importing(t, [fixed])).policies[0]?.spec["authorities"], [{ static: { action: "fail", message: "no" } }]);
  const listed = await importing(t, [{ apiVersion: "v1", kind: "List", items: [CIP, withField(CIP, "metadata.name", "second")] }]);
  t.same(listed.policies.map(({ metadata }) => metadata.name), ["release", "second"], "as kubectl get -o yaml writes it");
});

t.test("each field of a ClusterImagePolicy that is not carried is reported with what it means", async (t) => {
  const authority = "spec.authorities.0";
  const rows: readonly (readonly [change: string, value: unknown, line: RegExp, written: boolean])[] = [
    ["spec.mode", "warn", /stricter spec\.mode is said by the labels/, true],
    ["spec.mode", "enforce", /note +spec\.mode/, true],
    ["spec.match", [{ resource: "pods" }], /looser +spec\.match .*image alone/, false],
    ["spec.policy", { type: "cue" }, /looser +spec\.policy/, false],
    ["spec.remote", {}, /looser +spec\.remote is not known here/, false],
    [`${authority}.ctlog`, { url: "https://rekor.sigstore.dev" }, /looser +spec\.authorities\[0\]\.ctlog would no longer be asked for/, false],
    [`${authority}.rfc3161timestamp`, {}, /looser +spec\.authorities\[0\]\.rfc3161timestamp/, false],
    [`${authority}.signatureFormat`, "bundle", /note +spec\.authorities\[0\]\.signatureFormat/, true],
    [`${authority}.attestations`, [{ predicateType: "spdx", policy: { type: "cue" } }], /looser +spec\.authorities\[0\]\.attestations\[0\]\.policy/, false],
    [`${authority}.key.secretRef`, { name: "k" }, /a/, true],
  ];
  for (const [path, value, line, written] of rows) {
    const { status, policies, report } = await importing(t, [withField(CIP, path, value)]);
    if (!path.endsWith("secretRef")) t.match(report, line, path);
    t.same([status, policies.length], written ? [0, 1] : [1, 0], path);
    const forced = await importing(t, [withField(CIP, path, value)], "--unsafe-looser");
    t.equal(forced.policies.length, 1, `${path}: --unsafe-looser writes it`);
    t.equal(forced.status, written ? 0 : 1, path);
  }
  const alone = await importing(t, [withField(CIP, authority, { keyless: { identities: [] } })]);
  t.match(alone, { status: 1, policies: [], report: /stricter .*keyless is not there yet[^]*leaves nobody who is trusted/ });
  const beside = await importing(t, [withField(CIP, "spec.authorities", [{ keyless: {} }, { key: { kms: "gcpkms://k" } }, { key: { secretRef: { name: "k" } } }])]);
  t.match(beside.policies[0]?.spec, { authorities: [{ key: { secretRef: { name: "k", key: "cosign.pub" } } }] });
  t.match(beside, { status: 0, report: /keyless.*\n.*kms is left out.*cosign public-key.*\n.*secretRef names a Secret of another namespace/ });
  const bad = await importing(t, [withField(CIP, "spec.images.0.glob", "ghcr.io/[a-z]")]);
  t.match(bad, { status: 1, policies: [], report: /spec\.images\[0\]\.glob .*no other wildcards.*in the policy that would be written/ });
});

t.test("Kyverno: every set of attestors becomes a policy, and counts as it counted", async (t) => {
  const plain = await importing(t, [KYVERNO]);
  t.same(plain.status, 0);
  t.match(plain.policies, [{ kind: "ClusterTrustPolicy", metadata: { name: "release" }, spec: { images: [{ glob: "ghcr.io/acme/**" }], authorities: [{ key: { data: A } }], threshold: 1, index: "index" } }]);
  t.match(plain.report, /stricter spec\.rules\[0\]\.match is not carried/);
  const verify = "spec.rules.0.verifyImages.0";
  const entry = (publicKeys: string) => ({ keys: { publicKeys, rekor: { ignoreTlog: true } } });
  const both = await importing(t, [withField(KYVERNO, `${verify}.attestors`, [{ entries: [entry(A), entry(B)] }, { count: 1, entries: [entry(A), entry(B)] }])]);
  t.same(both.policies.map(({ metadata, spec }) => [metadata.name, spec["threshold"]]), [["release-1", 2], ["release-2", 1]], "without a count, all entries");
  const pair = await importing(t, [withField(KYVERNO, `${verify}.attestors`, [{ count: 1, entries: [entry(A + B)] }])]);
  t.match(pair.policies, [{ spec: { threshold: 1, authorities: [{ key: { data: A } }, { key: { data: B } }] } }], "any key of an entry");
  const attested = await importing(t, [withField(KYVERNO, verify, { imageReferences: ["ghcr.io/acme/app:*"], attestations: [{ type: "https://spdx.dev/Document", attestors: [{ entries: [entry(A)] }] }] })]);
  t.match(attested.policies, [{ spec: { images: [{ glob: "ghcr.io/acme/app" }], authorities: [{ attestations: [{ predicateType: "https://spdx.dev/Document" }] }] } }]);
  const namespaced = await importing(t, [{ ...KYVERNO, kind: "Policy", metadata: { name: "release", namespace: "shop" } }]);
  t.match(namespaced, { policies: [{ kind: "TrustPolicy", metadata: { namespace: "shop" } }], report: /only narrows: a ClusterTrustPolicy must govern/ });

  const withheld: readonly (readonly [name: string, document: unknown, line: RegExp])[] = [
    ["a log entry", withField(KYVERNO, `${verify}.attestors.0.entries.0`, { keys: { publicKeys: A } }), /looser +spec\.rules\[0\]\.verifyImages\[0\]\.attestors\[0\]\.entries\[0\]\.keys\.rekor would no longer/],
    ["annotations", withField(KYVERNO, `${verify}.attestors.0.entries.0.annotations`, { a: "b" }), /looser .*annotations are not carried/],
    ["a question mark", withField(KYVERNO, `${verify}.imageReferences`, ["ghcr.io/acme/app?"]), /looser .*imageReferences\[0\] has a `\?`/],
    ["Notary", withField(KYVERNO, `${verify}.type`, "Notary"), /looser .*Notary is not carried/],
    ["several keys and a count", withField(KYVERNO, `${verify}.attestors`, [{ count: 2, entries: [entry(A + B), entry(A)] }]), /looser .*count counts entries/],
    ["conditions", withField(KYVERNO, `${verify}.attestations`, [{ type: "spdx", conditions: [], attestors: [{ entries: [entry(A)] }] }]), /looser .*conditions are not carried/],
    ["a field of tomorrow", withField(KYVERNO, `${verify}.tomorrow`, true), /looser .*tomorrow is not known here/],
    ["one set of two that cannot be written", withField(KYVERNO, `${verify}.attestors`, [{ entries: [entry(A)] }, { entries: [{ keyless: {} }] }]), /keyless is not carried/],
  ];
  for (const [name, document, line] of withheld) t.match(await importing(t, [document]), { status: 1, policies: [], report: line }, name);
  t.match(await importing(t, [{ apiVersion: "policies.kyverno.io/v1", kind: "ImageValidatingPolicy", metadata: { name: "x" }, spec: {} }]), { status: 1, report: /written in CEL/ });
});

t.test("Connaisseur: rules of cosign validators, and what is refused anyway", async (t) => {
  const plain = await importing(t, [CONNAISSEUR]);
  t.equal(plain.status, 0);
  t.match(plain.policies, [{ spec: { images: [{ glob: "harbor.example.com/shop/**" }], authorities: [{ name: "default", key: { data: A } }], threshold: 1 } }]);
  const rules = (...policy: readonly object[]): unknown => withField(CONNAISSEUR, "application.policy", policy);
  const log = { verifyInTransparencyLog: false };
  const all = await importing(t, [rules({ pattern: "a.b/*", validator: "ours", with: { ...log, trustRoot: "*", threshold: 1, required: ["second"] } })]);
  t.match(all.policies, [{ spec: { threshold: 1, authorities: [{ name: "default" }, { name: "second" }] } }, { spec: { authorities: [{ name: "second" }] } }]);
  t.equal((await importing(t, [rules({ pattern: "a.b/*", validator: "ours", with: { ...log, trustRoot: "*" } })])).policies[0]?.spec["threshold"], 2, "without a threshold, all of them");
  const denied = await importing(t, [rules({ pattern: "*:*", validator: "deny" }, { pattern: "a.b/*", validator: "allow" })]);
  t.match(denied, { status: 0, policies: [{ spec: { images: [{ glob: "a.b/**" }], authorities: [{ static: { action: "pass" } }] } }], report: /refuses what no other rule names/ });
  t.equal(denied.policies.length, 1, "a policy that fails for everything would refuse what another allows");
  t.match(await importing(t, [rules({ pattern: "a.b/*", validator: "ours" })]), { status: 1, policies: [], report: /looser .*verifyInTransparencyLog/ });
  t.match(await importing(t, [rules({ pattern: "a.b/*", validator: "absent" }, { pattern: "c.d/*", validator: "allow" })]), { status: 1, policies: [], report: /names no validator/ }, "one rule that is missing would leave its images to another");
  const { application } = CONNAISSEUR;
  t.equal((await importing(t, [application])).policies.length, 1, "without the Helm values around it");
});

t.test("what nobody here knows, and wrong calls", async (t) => {
  t.match(await importing(t, [{ apiVersion: "v1", kind: "ConfigMap" }, CIP]), { status: 1, policies: [{ metadata: { name: "release" } }], report: /kind "ConfigMap" is not known here/ });
  t.match(await importing(t, ["text"]), { status: 1, report: /a document without a kind/ });
  for (const args of [["/nonexistent.yaml"], [], ["--unsafe"]]) {
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
    t.equal(await run(["import", ...args], { stdout: sink, stderr: sink, env: {}, stopAsked: async () => {} }), 2, args.join(" "));
  }
});

t.test("the table of docs/import.md is what the program does", async (t) => {
  const page = readFileSync(new URL("../../docs/import.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (looser|stricter|note) \|/gm)].map(([, path = "", effect = ""]) => [path, effect]);
  t.equal(rows.length, 11);
  for (const [path, effect] of rows) {
    const changed = withField(CIP, path?.startsWith("authorities[].") ? `spec.authorities.0.${path.slice("authorities[].".length).replace("attestations[].policy", "attestations")}` : `spec.${path}`, valueFor(path ?? ""));
    const conversion = convert(changed);
    const findings = conversion?.drafts.flatMap((draft) => draft.findings) ?? [];
    t.ok(findings.some((finding) => finding.effect === effect && finding.path.endsWith((path ?? "").split(".").at(-1) ?? "")), `${path} is ${effect}`, { findings });
    t.equal(conversion !== undefined && isSafe(conversion), effect !== "looser" && !/keyless|kms/.test(path ?? ""), path ?? "");
  }
});

function valueFor(path: string): unknown {
  if (path.endsWith("attestations[].policy")) return [{ predicateType: "spdx", policy: {} }];
  if (path === "match") return [{ resource: "pods" }];
  if (path === "mode") return "warn";
  if (path.endsWith(".key.secretRef")) return { name: "k" };
  return path.endsWith("signatureFormat") ? "bundle" : {};
}
