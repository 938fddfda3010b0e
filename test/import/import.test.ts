import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import { parseAllDocuments, stringify } from "yaml";

import { run } from "../../src/cli/cli.ts";
import type { JsonObject } from "../../src/json.ts";
import { decodePolicy } from "../../src/trust/decode.ts";
import type { PolicyKind } from "../../src/trust/trust-policy.ts";
import { withField } from "../helpers/tweak.ts";
import { A, B, CIP, CONNAISSEUR, KYVERNO } from "./sources.ts";

interface Imported {
  readonly status: number;
  readonly policies: readonly (JsonObject & { readonly kind: PolicyKind; readonly metadata: { readonly name: string; readonly namespace?: string }; readonly spec: JsonObject })[];
  readonly report: string;
}

async function importing(t: Test, documents: readonly unknown[], ...flags: readonly string[]): Promise<Imported> {
  const dir = t.testdir({ "source.yaml": documents.map((document) => stringify(document)).join("---\n") });
  return importFile(join(dir, "source.yaml"), ...flags);
}

function importFile(file: string, ...flags: readonly string[]): Promise<Imported> {
  return importAs(file, "", flags);
}

async function importAs(file: string, stdin: string, flags: readonly string[]): Promise<Imported> {
  const kept: [string[], string[]] = [[], []];
  const [stdout, stderr] = kept.map((chunks) => new Writable({ write: (chunk: Buffer, _encoding, done) => done(void chunks.push(chunk.toString())) })) as [Writable, Writable];
  const status = await run(["import", file, ...flags], { stdin: Readable.from([stdin]), stdout, stderr, env: {}, stopAsked: async () => {} });
  const policies = parseAllDocuments(kept[0].join("")).flatMap((document) => (document.contents === null ? [] : [document.toJS() as Imported["policies"][number]]));
  for (const policy of policies) t.equal(decodePolicy(policy.kind, policy, "pratique-system").spec.kind, "readable", "what is written can be applied");
  return { status, policies, report: stripVTControlCharacters(kept[1].join("")) };
}

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
  t.same((await importAs("-", stringify(CIP), [])).policies, policies, "from standard input");
  t.same(listed.policies.map(({ metadata }) => metadata.name), ["release", "second"], "as kubectl get -o yaml writes it");
});

t.test("what would be looser is withheld, and what trusts fewer is written", async (t) => {
  const authority = "spec.authorities.0";
  for (const [path, written] of [["spec.mode", true], ["spec.match", false]] as const) {
    const changed = withField(CIP, path, "warn");
    const { status, policies } = await importing(t, [changed]);
    t.same([status, policies.length], written ? [0, 1] : [1, 0], path);
    const forced = await importing(t, [changed], "--unsafe-looser");
    t.same([forced.status, forced.policies.length], [written ? 0 : 1, 1], `${path}: --unsafe-looser writes it, and says that it is not the same`);
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
  const all = await importing(t, [withField(KYVERNO, `${verify}.attestors`, [{ entries: [entry(A + B)] }])]);
  t.match(all.policies, [{ spec: { threshold: 2, authorities: [{ key: { data: A } }, { key: { data: B } }] } }], "each key of a text is an entry, and without a count all must have signed");
  t.match((await importing(t, [withField(KYVERNO, `${verify}.attestors`, [{ count: 0, entries: [entry(A), entry(B)] }])])).policies, [{ spec: { threshold: 2 } }], "0 is no count");
  t.match((await importing(t, [withField(KYVERNO, `${verify}.attestors`, [{ count: 2, entries: [entry(A + B), entry(A)] }])])).policies, [{ spec: { threshold: 2 } }], "keys are counted");
  const elsewhere = withField(withField(KYVERNO, `${verify}.repository`, "ghcr.io/outer/sigs"), `${verify}.attestors`, [{ entries: [{ ...entry(A), repository: "ghcr.io/inner/sigs" }, entry(B)] }]);
  t.match((await importing(t, [elsewhere])).policies, [{ spec: { authorities: [{ source: [{ oci: "ghcr.io/inner/sigs" }] }, { source: [{ oci: "ghcr.io/outer/sigs" }] }] } }], "an entry's own repository comes first");
  const ofSecret = await importing(t, [withField(KYVERNO, `${verify}.attestors.0.entries.0.keys.publicKeys`, "k8s://kyverno/release")]);
  t.match(ofSecret, { policies: [{ spec: { authorities: [{ key: { secretRef: { name: "release", key: "cosign.pub" } } }] } }], report: /publicKeys names a Secret: copy it/ });
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
    ["Notary", withField(KYVERNO, `${verify}.type`, "Notary"), /looser .*type is not carried: only what cosign signs/],
    ["several keys of an attestation", withField(KYVERNO, `${verify}.attestations`, [{ type: "https://spdx.dev/Document", attestors: [{ count: 1, entries: [entry(A + B)] }] }]), /looser .*attestors\[0\]\.entries have several keys/],
    ["an attestation of nobody", withField(KYVERNO, `${verify}.attestations`, [{ type: "https://spdx.dev/Document" }]), /looser .*attestations\[0\]\.attestors are missing/],
    ["a key and a variable", withField(KYVERNO, `${verify}.attestors.0.entries.0.keys.publicKeys`, `${A}{{ keys.data.second }}`), /publicKeys is not public keys in PEM and nothing else/],
    ["another rule", withField(KYVERNO, "spec.rules.1", { name: "labels", validate: { pattern: {} } }), /looser +spec\.rules\[1\]\.validate is not carried/],
    ["no rule of ours", withField(KYVERNO, "spec.rules", [{ name: "labels", match: {} }]), /nothing can be written[^]*spec\.rules have no `verifyImages`/],
    ["the old way to name a key", withField(KYVERNO, verify, { imageReferences: ["*"], key: A }), /looser .*key is not known here/],
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
  t.match(plain.policies, [{ spec: { images: [{ glob: "**harbor.example.com/shop/**" }], authorities: [{ name: "default", key: { data: A } }], threshold: 1 } }]);
  const rules = (...policy: readonly object[]): unknown => withField(CONNAISSEUR, "application.policy", policy);
  const log = { verifyInTransparencyLog: false };
  const all = await importing(t, [rules({ pattern: "a.b/*", validator: "ours", with: { ...log, trustRoot: "*", threshold: 1, required: ["second"] } })]);
  t.match(all.policies, [{ spec: { threshold: 1, authorities: [{ name: "default" }, { name: "second" }] } }, { spec: { authorities: [{ name: "second" }] } }]);
  t.equal((await importing(t, [rules({ pattern: "a.b/*", validator: "ours", with: { ...log, trustRoot: "*" } })])).policies[0]?.spec["threshold"], 2, "without a threshold, all of them");
  const keyless = withField(CONNAISSEUR, "application.validators.2.trustRoots.1", { name: "second", keyless: { issuer: "i", subject: "s" } });
  for (const [required, document] of [["second", keyless], ["nobody", CONNAISSEUR]] as const) {
    const asked = withField(document, "application.policy.0.with", { ...log, trustRoot: "*", threshold: 1, required: [required] });
    t.match(await importing(t, [asked]), { status: 1, policies: [], report: /required names "(second|nobody)", which cannot be asked for/ }, "nobody stands in for a root that is required");
  }
  const twice = withField(CONNAISSEUR, "application.validators.3", { name: "ours", type: "static", approve: true });
  t.match((await importing(t, [twice])).policies, [{ spec: { authorities: [{ key: { data: A } }] } }], "the first validator of a name counts");
  const split = await importing(t, [rules({ pattern: "*:*", validator: "allow" }, { pattern: "*", validator: "deny" })]);
  t.match(split.policies, [{ spec: { authorities: [{ static: { action: "pass" } }] } }, { spec: { authorities: [{ static: { action: "fail" } }] } }], "a rule that denies everything beside one that allows everything");
  const denied = await importing(t, [rules({ pattern: "*:*", validator: "deny" }, { pattern: "a.b/*", validator: "allow" })]);
  t.match(denied, { status: 0, policies: [{ spec: { images: [{ glob: "**a.b/**" }], authorities: [{ static: { action: "pass" } }] } }], report: /refuses what no other rule names/ });
  t.equal(denied.policies.length, 1, "a policy that fails for everything would refuse what another allows");
  t.match(await importing(t, [rules({ pattern: "a.b/*", validator: "ours" })]), { status: 1, policies: [], report: /looser .*verifyInTransparencyLog/ });
  t.match(await importing(t, [rules({ pattern: "a.b/*", validator: "absent" }, { pattern: "c.d/*", validator: "allow" })]), { status: 1, policies: [], report: /names no validator/ }, "one rule that is missing would leave its images to another");
  const { application } = CONNAISSEUR;
  t.equal((await importing(t, [application])).policies.length, 1, "without the Helm values around it");
});

t.test("policies of the same name stay apart", async (t) => {
  const stricter = withField(CIP, "spec.authorities.0.key.data", B);
  const { status, policies, report } = await importing(t, [CIP, KYVERNO, stricter]);
  t.same([status, policies.map(({ metadata }) => metadata.name)], [0, ["release", "release-2", "release-3"]], "or the last that is applied would be the only one");
  t.match(report, /metadata\.name is the name of another policy that is written, so this one is release-2/);
});

t.test("the report says what is true of all the documents together", async (t) => {
  const { report } = await importing(t, [CIP, withField(CIP, "spec.match", [{ resource: "pods" }])]);
  t.match(report, /which is not written answers to the other policies alone/);
  t.match(report, /label namespaces `pratique\.dev\/require-digest=true`/);
  t.notMatch((await importing(t, [CIP])).report, /answers to the other policies/);
  t.match((await importing(t, [withField(CIP, "metadata.name", "\u001b[31mred")])).report, /ClusterImagePolicy "\\u001b\[31mred"/, "a name is shown, not obeyed by the terminal");
});

t.test("what nobody here knows, and wrong calls", async (t) => {
  t.match(await importing(t, [{ apiVersion: "v1", kind: "ConfigMap" }, CIP]), { status: 1, policies: [{ metadata: { name: "release" } }], report: /kind "ConfigMap" is not known here/ });
  t.match(await importing(t, ["text"]), { status: 1, report: /a document without a kind/ });
  for (const args of [["/nonexistent.yaml"], [], ["--unsafe"]]) {
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
    t.equal(await run(["import", ...args], { stdin: Readable.from([]), stdout: sink, stderr: sink, env: {}, stopAsked: async () => {} }), 2, args.join(" "));
  }
});
