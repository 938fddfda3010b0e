import t from "tap";
import type { JsonObject } from "../../src/json.ts";
import { decodePolicy, secretRefsOf } from "../../src/trust/decode.ts";
import { problemLine } from "../../src/trust/trust-policy.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { withField } from "../helpers/tweak.ts";

const key = generateSigningKey();
const SPEC = withField(specOf(key), "images.0.glob", "a.b/**");
const AT = "spec.authorities[0]";

/** What a policy's status says, a line for each problem. */
function linesOf(spec: unknown, kind: "ClusterTrustPolicy" | "TrustPolicy" = "ClusterTrustPolicy"): readonly string[] {
  const { state } = policyOf(spec as object, { kind });
  return state.kind === "invalid" ? state.problems.map(problemLine) : [];
}

t.test("each field that is refused says why, and what to do instead", async (t) => {
  const later = "is not there yet: this version verifies signatures made with keys alone";
  const rows: readonly (readonly [spec: object, line: string])[] = [
    [{ ...SPEC, mode: "warn" }, "spec.mode: is not supported: whether a violation refuses, warns or is recorded is said by the labels of the namespace (pratique.dev/enforce, warn, audit)"],
    [{ ...SPEC, match: [] }, "spec.match: is not supported: a policy governs by image alone, since the labels of a workload are written by whoever it is meant to hold back"],
    [{ ...SPEC, policy: {} }, "spec.policy: is not supported: a predicate's content is not looked at (no CEL, CUE or Rego); ask for its `predicateType`, and let whoever attests decide whether to"],
    [withField(SPEC, "authorities.0.keyless", {}), `${AT}.keyless: ${later}`],
    [withField(SPEC, "authorities.0.ctlog", {}), `${AT}.ctlog: ${later}`],
    [withField(SPEC, "authorities.0.rfc3161timestamp", {}), `${AT}.rfc3161timestamp: ${later}`],
    [withField(SPEC, "authorities.0.signatureFormat", "bundle"), `${AT}.signatureFormat: has no use: signatures of every format are found and count`],
    [withField(SPEC, "authorities.0.key.kms", "awskms:///x"), `${AT}.key.kms: is not supported: Pratique asks no key service. Export the public key with \`cosign public-key --key <the kms:// URI>\` and give it as \`data\` or in a Secret`],
    [
      withField(SPEC, "authorities.0.key", { secretRef: { name: "k", namespace: "kube-system" } }),
      `${AT}.key.secretRef.namespace: is not allowed: a Secret is read from the policy's own namespace only (a ClusterTrustPolicy's from the one that Pratique is installed in)`,
    ],
    [{ ...SPEC, treshold: 1 }, "spec.treshold: is not a field; did you mean threshold?"],
    [withField(SPEC, "authorities.0.key.hashalgorithm", "sha256"), `${AT}.key.hashalgorithm: is not a field; did you mean hashAlgorithm?`],
    [withField(SPEC, "images.0.regex", ".*"), "spec.images[0].regex: is not a field; the fields here are glob"],
  ];
  for (const [spec, line] of rows) t.same(linesOf(spec), [line]);
});

t.test("all that is wrong is told at once", async (t) => {
  const spec = { ...SPEC, mode: "warn", threshold: 0, authorities: [{ key: { data: key.publicKey, kms: "x" } }, { keyless: {} }] };
  t.same(linesOf(spec).map((line) => line.split(":")[0]), ["spec.mode", `${AT}.key.kms`, "spec.authorities[1].keyless", "spec.threshold"]);
  const keys = { ...SPEC, authorities: ["x", key.publicKey, `${key.publicKey}${key.publicKey}`].map((data) => ({ key: { data } })) };
  t.same(linesOf(keys).map((line) => line.split(":")[0]), [`${AT}.key.data`, "spec.authorities[2].key.data"]);
  t.same(linesOf({ ...SPEC, authorities: [{ key: { data: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" } }] }), [`${AT}.key.data: is a PEM block, and what is in it is not a public key`]);
});

t.test("whatever a spec is, it is decoded, governs, and lets nothing in", async (t) => {
  for (const spec of [undefined, null, "", 0, [], [SPEC], "spec", true, { images: null }, { images: {} }, { images: [null] }, { ...SPEC, authorities: [[]] }, { ...SPEC, authorities: { 0: {} } }, { ...SPEC, images: [{ glob: ["**"] }] }]) {
    const { state, globs } = policyOf(spec as unknown as object);
    t.equal(state.kind, "invalid", JSON.stringify(spec));
    t.equal(globs.length, 1, JSON.stringify(spec));
  }
  for (const object of [{}, { metadata: null, spec: SPEC }, { metadata: { name: 7, generation: "7" }, spec: SPEC }] as readonly JsonObject[]) {
    t.match(decodePolicy("TrustPolicy", object, "pratique-system"), { id: { kind: "TrustPolicy", namespace: "", name: "" }, generation: 0 }, JSON.stringify(object));
  }
});

t.test("what a policy asks for, as it was written", async (t) => {
  const full = {
    images: [{ glob: "nginx" }, { glob: "a.b/c:1.*" }],
    threshold: 2,
    index: "covered",
    authorities: [
      { name: "release", key: { secretRef: { name: "keys" }, hashAlgorithm: "sha512" }, source: [{ oci: "a.b/sigs", tagPrefix: "v1-", signaturePullSecrets: [{ name: "pull" }] }, { oci: "nginx" }] },
      { key: { secretRef: { name: "keys", key: "b.pub" } }, attestations: [{ name: "who built it", predicateType: "slsaprovenance1" }, { predicateType: "https://slsa.dev/provenance/v1" }, { predicateType: "spdxjson" }] },
    ],
  };
  const object = { metadata: { name: "full", namespace: "shop", generation: 7 }, spec: full };
  const decoded = decodePolicy("TrustPolicy", object, "pratique-system");
  t.match(decoded, { id: { kind: "TrustPolicy", namespace: "shop", name: "full" }, generation: 7, globs: [{ name: "docker.io/library/nginx" }, { name: "a.b/c", target: { kind: "tag", pattern: "1.*" } }] });
  t.match(decoded.spec, {
    kind: "readable",
    threshold: 2,
    index: "covered",
    authorities: [
      {
        name: "release",
        hash: "sha512",
        sources: [
          { repository: { host: "a.b", path: "sigs" }, tagPrefix: "v1-", pullSecrets: { namespace: "shop", names: ["pull"] } },
          { repository: { host: "docker.io", path: "library/nginx" }, tagPrefix: "", pullSecrets: undefined },
        ],
        attestations: [],
      },
      { name: "authority-1", hash: undefined, sources: [{ kind: "image" }], attestations: ["https://slsa.dev/provenance/v1", "https://spdx.dev/Document"] },
    ],
  });
  t.same(secretRefsOf(decoded).map(({ namespace, name, key: at }) => `${namespace}/${name} ${at}`), ["shop/keys cosign.pub", "shop/keys b.pub"]);
  t.same(secretRefsOf(decodePolicy("ClusterTrustPolicy", object, "pratique-system")).map(({ namespace }) => namespace), ["pratique-system", "pratique-system"], "whatever namespace the object claims");
  t.same(secretRefsOf(decodePolicy("ClusterTrustPolicy", { ...object, spec: { ...full, mode: "warn" } }, "pratique-system")), [], "an unreadable policy has no Secret read");
});
