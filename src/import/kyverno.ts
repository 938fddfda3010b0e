import { field, type JsonObject, numberField, objectField, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { metadataOf, objectName, objectsIn, pemBlocks, textsIn } from "./fields.ts";
import { type Conversion, type Draft, Findings, NONE, policyOutcome } from "./finding.ts";
import { globOf } from "./pattern.ts";

/** Nothing but cosign's keys is carried; everything else that trusts somebody is left out, which trusts fewer. */
const LEFT_OUT = "is not carried: whoever it trusts is no longer trusted";

/** A ClusterPolicy or Policy of Kyverno (kyverno.io): its `verifyImages` rules with keys. */
export function fromKyvernoPolicy(document: JsonObject): Conversion {
  const { name, namespace } = metadataOf(document);
  const kind = stringField(document, "kind") ?? "ClusterPolicy";
  const rules = objectsIn(objectField(document, "spec") ?? {}, "rules");
  const drafts = rules.flatMap((rule, i) => objectsIn(rule, "verifyImages").flatMap((verify, j) => draftsOf({ rule, verify, path: ["spec", "rules", i, "verifyImages", j] })));
  const scope = kind === "Policy" ? ({ kind: "TrustPolicy", namespace: namespace ?? "default" } as const) : ({ kind: "ClusterTrustPolicy" } as const);
  return {
    source: `Kyverno ${kind} "${name}"`,
    drafts: drafts.map(({ spec, findings }, i): Draft => {
      const metadata = { name: objectName(drafts.length === 1 ? name : `${name}-${i + 1}`), ...(scope.kind === "TrustPolicy" && { namespace: scope.namespace }) };
      if (scope.kind === "TrustPolicy") findings.add(["kind"], "stricter", "of one namespace becomes a TrustPolicy, which only narrows: a ClusterTrustPolicy must govern the same images");
      return { outcome: spec === undefined ? NONE : policyOutcome(scope.kind, metadata, spec), findings: findings.all };
    }),
  };
}

/** Kyverno's newer kind, which is CEL from top to bottom. */
export function fromImageValidatingPolicy(document: JsonObject): Conversion {
  const { name } = metadataOf(document);
  const findings = new Findings();
  findings.add(["spec"], "note", "is written in CEL, which is not carried: write a ClusterTrustPolicy with the keys of its attestors");
  return { source: `Kyverno ImageValidatingPolicy "${name}"`, drafts: [{ outcome: NONE, findings: findings.all }] };
}

interface Verify {
  readonly rule: JsonObject;
  readonly verify: JsonObject;
  readonly path: Path;
}

interface Spec {
  readonly spec: object | undefined;
  readonly findings: Findings;
}

// Every set of attestors must be satisfied, and every attestation: each becomes a policy of its own, since all that govern must be.
function draftsOf({ rule, verify, path }: Verify): readonly Spec[] {
  const sets = objectsIn(verify, "attestors").map((set, i) => ({ set, path: [...path, "attestors", i], type: undefined as string | undefined }));
  const attested = objectsIn(verify, "attestations").flatMap((attestation, i) => {
    const type = stringField(attestation, "type") ?? stringField(attestation, "predicateType") ?? "";
    const isConditional = field(attestation, "conditions") !== undefined;
    return objectsIn(attestation, "attestors").map((set, j) => ({ set, path: [...path, "attestations", i, "attestors", j], type, isConditional }));
  });
  const all = [...sets, ...attested];
  return all.map((each) => {
    const findings = new Findings();
    const images = imagesOf({ rule, verify, path }, findings);
    if ("isConditional" in each && each.isConditional) findings.add([...each.path.slice(0, -2), "conditions"], "looser", "are not carried: an attestation of this type would pass whatever it says");
    const { authorities, threshold } = authoritiesOf(each.set, each.path, findings);
    const carried = authorities.map((authority) => Object.assign({}, authority, repositoryOf(verify), each.type === undefined ? {} : { attestations: [{ predicateType: each.type }] }));
    return { spec: carried.length === 0 ? undefined : { images, authorities: carried, threshold, index: "index" }, findings };
  });
}

function imagesOf({ rule, verify, path }: Verify, findings: Findings): readonly object[] {
  findings.unknown(verify, ["imageReferences", "skipImageReferences", "attestors", "attestations", "type", "repository", "required", "mutateDigest", "verifyDigest", "useCache", "failureAction", "imageRegistryCredentials", "cosignOCI11"], path);
  const type = stringField(verify, "type") ?? "Cosign";
  if (type === "Notary") findings.add([...path, "type"], "looser", "Notary is not carried: only what cosign signs is looked at");
  for (const name of ["match", "exclude", "preconditions"]) {
    if (field(rule, name) !== undefined) findings.add([...path.slice(0, 3), name], "stricter", "is not carried: a policy here governs by image alone, in every namespace that asks for `verified`");
  }
  if (textsIn(verify, "skipImageReferences").length > 0) findings.add([...path, "skipImageReferences"], "stricter", "is not carried: these images are governed too");
  if (field(verify, "verifyDigest") !== false) findings.add([...path, "verifyDigest"], "note", "is said by the label `pratique.dev/require-digest` of a namespace");
  if (field(verify, "imageRegistryCredentials") !== undefined) findings.add([...path, "imageRegistryCredentials"], "note", "is not carried: the pull secrets of a Pod or its service account are used, or the installation's");
  return textsIn(verify, "imageReferences").map((pattern, i) => ({ glob: globOf(pattern, [...path, "imageReferences", i], findings) }));
}

interface Authorities {
  readonly authorities: readonly object[];
  readonly threshold: number;
}

function authoritiesOf(set: JsonObject, path: Path, findings: Findings): Authorities {
  const entries = objectsIn(set, "entries");
  const threshold = numberField(set, "count") ?? entries.length;
  const authorities = entries.map((entry, i) => entryAuthorities(entry, [...path, "entries", i], findings));
  // An entry with several keys is satisfied by any of them, and must not be counted twice.
  if (threshold > 1 && authorities.some((keys) => keys.length > 1)) {
    findings.add([...path, "count"], "looser", "counts entries, and an entry here has several keys: two of the same entry would count as two");
  }
  return { authorities: authorities.flat(), threshold: Math.max(1, threshold) };
}

function entryAuthorities(entry: JsonObject, path: Path, findings: Findings): readonly object[] {
  for (const name of ["keyless", "certificates", "attestor"]) if (field(entry, name) !== undefined) findings.add([...path, name], "stricter", LEFT_OUT);
  if (field(entry, "annotations") !== undefined) findings.add([...path, "annotations"], "looser", "are not carried: a signature would pass whatever it is annotated with");
  const keys = objectField(entry, "keys");
  if (keys === undefined) return [];
  findings.unknown(keys, ["publicKeys", "secret", "kms", "signatureAlgorithm", "rekor", "ctlog"], [...path, "keys"]);
  if (field(objectField(keys, "rekor") ?? {}, "ignoreTlog") !== true) {
    findings.add([...path, "keys", "rekor"], "looser", "would no longer be asked for (Kyverno asks for a log entry unless `ignoreTlog: true`): with a key, this version looks at signatures alone");
  }
  const hash = stringField(keys, "signatureAlgorithm");
  const repository = stringField(entry, "repository");
  const source = repository === undefined ? {} : { source: [{ oci: repository }] };
  return keysOf(keys, [...path, "keys"], findings).map((key) => Object.assign({ key: hash === undefined ? key : Object.assign({ hashAlgorithm: hash }, key) }, source));
}

function keysOf(keys: JsonObject, path: Path, findings: Findings): readonly object[] {
  const secret = objectField(keys, "secret");
  if (secret !== undefined) return [secretKey(stringField(secret, "name") ?? "", [...path, "secret"], findings)];
  const text = stringField(keys, "publicKeys") ?? "";
  const ofSecret = /^k8s:\/\/[^/]+\/([^/]+)$/.exec(text.trim())?.[1];
  if (ofSecret !== undefined) return [secretKey(ofSecret, [...path, "publicKeys"], findings)];
  const blocks = pemBlocks(text);
  if (blocks.length > 0) return blocks.map((data) => ({ data }));
  findings.add(path, "stricter", "names no key that can be read here (a key service?): it is left out; export the public key with `cosign public-key --key <the URI>`");
  return [];
}

function secretKey(name: string, path: Path, findings: Findings): object {
  findings.add(path, "note", "names a Secret: copy it into the namespace that Pratique is installed in (for a TrustPolicy: into its own)");
  return { secretRef: { name, key: "cosign.pub" } };
}

function repositoryOf(verify: JsonObject): object {
  const repository = stringField(verify, "repository");
  return repository === undefined ? {} : { source: [{ oci: repository }] };
}
