import { readFileSync } from "node:fs";
import t from "tap";

import { convert } from "../../src/import/convert.ts";
import { type Effect, isSafe } from "../../src/import/finding.ts";
import { withField } from "../helpers/tweak.ts";
import { A, B, CIP, CONNAISSEUR, KYVERNO } from "./sources.ts";

/** A field of docs/import.md: what becomes of it, and where and with what it is written into a minimal document. */
type Row = readonly [field: string, effect: Effect, at: string, content: unknown];

const authority = "spec.authorities.0";
const SIGSTORE: readonly Row[] = [
  ["spec.images[].glob", "looser", "spec.images.0.glob", "ghcr.io/acme/app:v1"],
  ["spec.mode", "stricter", "spec.mode", "warn"],
  ["spec.match", "looser", "spec.match", [{ resource: "pods" }]],
  ["spec.policy", "looser", "spec.policy", { type: "cue" }],
  ["spec.authorities[].keyless", "stricter", "spec.authorities.1", { keyless: { identities: [] } }],
  ["spec.authorities[].key.kms", "stricter", "spec.authorities.1", { key: { kms: "gcpkms://k" } }],
  ["spec.authorities[].key.secretRef", "note", `${authority}.key`, { secretRef: { name: "k" } }],
  ["spec.authorities[].source[].signaturePullSecrets", "note", `${authority}.source`, [{ oci: "ghcr.io/acme/sigs", signaturePullSecrets: [{ name: "pull" }] }]],
  ["spec.authorities[].ctlog", "looser", `${authority}.ctlog`, { url: "https://rekor.sigstore.dev" }],
  ["spec.authorities[].rfc3161timestamp", "looser", `${authority}.rfc3161timestamp`, { trustRootRef: "tsa" }],
  ["spec.authorities[].attestations[].policy", "looser", `${authority}.attestations`, [{ predicateType: "spdx", policy: { type: "cue" } }]],
  ["spec.authorities[].signatureFormat", "note", `${authority}.signatureFormat`, "bundle"],
];

const verify = "spec.rules.0.verifyImages.0";
const VERIFY = "spec.rules[].verifyImages[]";
const ENTRY = `${VERIFY}.attestors[].entries[]`;
const keys = (publicKeys: string) => ({ keys: { publicKeys, rekor: { ignoreTlog: true } } });
const either = (entry: unknown) => [{ count: 1, entries: [keys(A), entry] }];
const attested = (attestation: object) => [{ type: "https://spdx.dev/Document", attestors: [{ entries: [keys(A)] }], ...attestation }];
const KYVERNO_ROWS: readonly Row[] = [
  ["spec.validationFailureAction", "stricter", "spec.validationFailureAction", "Audit"],
  ["spec.validationFailureActionOverrides", "stricter", "spec.validationFailureActionOverrides", [{ action: "Audit" }]],
  ["spec.applyRules", "stricter", "spec.applyRules", "One"],
  ["spec.rules[].match", "stricter", "spec.rules.0.match", { any: [] }],
  ["spec.rules[].exclude", "stricter", "spec.rules.0.exclude", { any: [] }],
  ["spec.rules[].preconditions", "stricter", "spec.rules.0.preconditions", {}],
  ["spec.rules[].celPreconditions", "stricter", "spec.rules.0.celPreconditions", []],
  ["spec.rules[].validate", "looser", "spec.rules.1", { name: "labels", validate: {} }],
  ["spec.rules[].imageExtractors", "looser", "spec.rules.0.imageExtractors", {}],
  [`${VERIFY}.type`, "looser", `${verify}.type`, "Notary"],
  [`${VERIFY}.imageReferences[]`, "stricter", `${verify}.imageReferences`, ["ghcr.io/acme/app:v1*"]],
  [`${VERIFY}.skipImageReferences`, "stricter", `${verify}.skipImageReferences`, ["ghcr.io/acme/debug:*"]],
  [`${VERIFY}.required`, "stricter", `${verify}.required`, false],
  [`${VERIFY}.failureAction`, "stricter", `${verify}.failureAction`, "Audit"],
  [`${VERIFY}.verifyDigest`, "note", `${verify}.verifyDigest`, true],
  [`${VERIFY}.mutateDigest`, "note", `${verify}.mutateDigest`, true],
  [`${VERIFY}.imageRegistryCredentials`, "note", `${verify}.imageRegistryCredentials`, {}],
  [`${VERIFY}.key`, "looser", `${verify}.key`, A],
  [`${VERIFY}.annotations`, "looser", `${verify}.annotations`, { a: "b" }],
  [`${VERIFY}.validate`, "looser", `${verify}.validate`, { deny: {} }],
  [`${ENTRY}.keyless`, "stricter", `${verify}.attestors`, either({ keyless: {} })],
  [`${ENTRY}.certificates`, "stricter", `${verify}.attestors`, either({ certificates: {} })],
  [`${ENTRY}.attestor`, "stricter", `${verify}.attestors`, either({ attestor: {} })],
  [`${ENTRY}.annotations`, "looser", `${verify}.attestors`, either({ ...keys(B), annotations: { a: "b" } })],
  [`${ENTRY}.keys.publicKeys`, "note", `${verify}.attestors`, either(keys("k8s://kyverno/key"))],
  [`${ENTRY}.keys.secret`, "note", `${verify}.attestors`, either({ keys: { secret: { name: "key", namespace: "kyverno" }, rekor: { ignoreTlog: true } } })],
  [`${ENTRY}.keys.kms`, "stricter", `${verify}.attestors`, either({ keys: { kms: "awskms://k", rekor: { ignoreTlog: true } } })],
  [`${ENTRY}.keys.rekor`, "looser", `${verify}.attestors`, either({ keys: { publicKeys: B } })],
  [`${ENTRY}.keys.ctlog.tsaCertChain`, "looser", `${verify}.attestors`, either({ keys: { publicKeys: B, rekor: { ignoreTlog: true }, ctlog: { tsaCertChain: "x" } } })],
  [`${VERIFY}.attestations[].conditions`, "looser", `${verify}.attestations`, attested({ conditions: [{}] })],
  [`${VERIFY}.attestations[].attestors`, "looser", `${verify}.attestations`, attested({ attestors: [] })],
];

const rule = "application.policy.0";
const CONNAISSEUR_ROWS: readonly Row[] = [
  ["application.features.detectionMode", "stricter", "application.features", { detectionMode: true }],
  ["application.features.namespacedValidation", "note", "application.features", { namespacedValidation: { enabled: true } }],
  ["application.validators[].auth", "note", "application.validators.2.auth", {}],
  ["application.validators[].cert", "note", "application.validators.2.cert", "x"],
  ["application.validators[].trustRoots[].keyless", "stricter", `application.validators.2.trustRoots`, [{ name: "default", key: A }, { name: "default", keyless: {} }]],
  ["application.validators[].trustRoots[].key", "stricter", `application.validators.2.trustRoots`, [{ name: "default", key: A }, { name: "default", key: "awskms://k" }]],
  ["application.policy[].pattern", "looser", `${rule}.pattern`, "harbor.example.com/shop/web:1.*"],
  ["application.policy[].with.verifyInTransparencyLog", "looser", `${rule}.with.verifyInTransparencyLog`, true],
  ["application.policy[].with.delegations", "looser", `${rule}.with.delegations`, ["release"]],
  ["application.policy[].with.mode", "note", `${rule}.with.mode`, "mutate"],
];

const SECTIONS = [
  { title: "sigstore policy-controller: ClusterImagePolicy", document: CIP, rows: SIGSTORE },
  { title: "Kyverno: ClusterPolicy and Policy with `verifyImages`", document: KYVERNO, rows: KYVERNO_ROWS },
  { title: "Connaisseur", document: CONNAISSEUR, rows: CONNAISSEUR_ROWS },
];

for (const { title, document, rows } of SECTIONS) {
  t.test(`${title}: each field that is not carried is reported with what it means`, async (t) => {
    for (const [name, effect, at, content] of rows) {
      const conversion = convert(withField<unknown>(document, at, content));
      const findings = conversion?.drafts.flatMap((draft) => draft.findings) ?? [];
      const found = findings.map((finding) => [finding.path.replaceAll(/\[\d+\]/g, "[]"), finding.effect].join(" "));
      t.ok(found.includes(`${name} ${effect}`), `${name} is ${effect}`, { found });
      t.equal(conversion !== undefined && isSafe(conversion), effect !== "looser", `${name} is ${effect === "looser" ? "withheld" : "written"}`);
    }
  });

  t.test(`${title}: docs/import.md lists the same`, async (t) => {
    const page = readFileSync(new URL("../../docs/import.md", import.meta.url), "utf8");
    const section = page.split(/^## /m).find((each) => each.startsWith(title)) ?? "";
    const listed = [...section.matchAll(/^\| `([^`]+)` \| (looser|stricter|note) \|/gm)].map(([, name, effect]) => [name, effect]);
    t.same(listed, rows.map(([name, effect]) => [name, effect]));
  });
}

t.test("a field that nobody here has heard of is looser, wherever it is", async (t) => {
  const places: readonly (readonly [document: object, at: string])[] = [
    ...["spec", "spec.images.0", authority, `${authority}.key`].map((at) => [CIP, at] as const),
    ...["spec", "spec.rules.0", verify, `${verify}.attestors.0`, `${verify}.attestors.0.entries.0`, `${verify}.attestors.0.entries.0.keys`].map((at) => [KYVERNO, at] as const),
    ...["application.validators.2", rule, `${rule}.with`].map((at) => [CONNAISSEUR, at] as const),
  ];
  for (const [document, at] of places) {
    t.equal(isSafe(convert(document) ?? { source: "", drafts: [] }), true, "carried without it");
    const conversion = convert(withField(document, `${at}.tomorrow`, {}));
    const found = conversion?.drafts.flatMap(({ findings }) => findings).find(({ path }) => path.endsWith(".tomorrow"));
    t.equal(found?.effect, "looser", `${at}.tomorrow`);
    t.equal(conversion !== undefined && isSafe(conversion), false, `${at}.tomorrow is withheld`);
  }
});
