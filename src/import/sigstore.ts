import { field, type JsonObject, objectField, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { metadataOf, named, objectName, objectsIn } from "./fields.ts";
import { type Conversion, Findings, NONE, policyOutcome } from "./finding.ts";
import { sigstoreGlob } from "./pattern.ts";

const LOG = "would no longer be asked for: with a key, this version looks at signatures alone, so one that was never logged or time-stamped would pass";

/** A ClusterImagePolicy of sigstore's policy-controller (policy.sigstore.dev, v1alpha1 and v1beta1). */
export function fromClusterImagePolicy(document: JsonObject): Conversion {
  const { name } = metadataOf(document);
  const spec = objectField(document, "spec") ?? {};
  const findings = new Findings();
  findings.unknown(spec, ["images", "authorities", "mode", "match", "policy"], ["spec"]);
  refuseModeAndMatch(spec, findings);
  const authorities = objectsIn(spec, "authorities").flatMap((authority, i) => authorityOf(authority, ["spec", "authorities", i], findings));
  if (authorities.length === 0) findings.add(["spec", "authorities"], "note", "leaves nobody who is trusted, so there is no policy to write");
  const images = objectsIn(spec, "images").map((image, i) => imageOf(image, ["spec", "images", i], findings));
  // policy-controller looks at the digest that is named, and not into an index.
  const outcome = authorities.length === 0 ? NONE : policyOutcome("ClusterTrustPolicy", { name: objectName(name) }, { images, authorities, index: "index" });
  return { source: named("ClusterImagePolicy", name), drafts: [{ outcome, findings: findings.all }] };
}

function imageOf(image: JsonObject, path: Path, findings: Findings): object {
  findings.unknown(image, ["glob"], path);
  return { glob: sigstoreGlob(stringField(image, "glob") ?? "", [...path, "glob"], findings) };
}

function refuseModeAndMatch(spec: JsonObject, findings: Findings): void {
  const mode = stringField(spec, "mode");
  if (mode === "warn") findings.add(["spec", "mode"], "stricter", "is said by the labels of a namespace: this policy refuses where `pratique.dev/enforce` is `verified`, and warns where `pratique.dev/warn` is");
  else if (mode !== undefined) findings.add(["spec", "mode"], "note", "is said by the labels of a namespace: `pratique.dev/enforce=verified`");
  if (field(spec, "match") !== undefined) findings.add(["spec", "match"], "looser", "is not carried: a policy here governs by image alone, so it would let its images into workloads for which it was not meant");
  if (field(spec, "policy") !== undefined) findings.add(["spec", "policy"], "looser", "is not carried: the content of attestations is not looked at here (no CUE, Rego or CEL)");
}

function authorityOf(authority: JsonObject, path: Path, findings: Findings): readonly object[] {
  const [keyless, key, fixed] = ["keyless", "key", "static"].map((name) => objectField(authority, name));
  if (keyless !== undefined) {
    findings.add([...path, "keyless"], "stricter", "is not there yet: this authority is left out, and what it signed is no longer trusted");
    return [];
  }
  findings.unknown(authority, ["name", "key", "static", "source", "attestations", "ctlog", "rfc3161timestamp", "signatureFormat"], path);
  const name = stringField(authority, "name");
  if (fixed !== undefined) {
    findings.unknown(fixed, ["action", "message"], [...path, "static"]);
    return [{ ...(name && { name }), static: fixed }];
  }
  if (key === undefined) findings.add(path, "stricter", "has neither `key` nor `static`, and is left out");
  const carried = key === undefined ? undefined : keyOf(key, [...path, "key"], findings);
  if (carried === undefined) return [];
  refuseLogs(authority, path, findings);
  if (field(authority, "signatureFormat") !== undefined) findings.add([...path, "signatureFormat"], "note", "has no use: signatures of every format are found");
  const source = objectsIn(authority, "source");
  for (const [i, each] of source.entries()) readSource(each, [...path, "source", i], findings);
  const attestations = objectsIn(authority, "attestations").map((each, i) => attestationOf(each, [...path, "attestations", i], findings));
  return [{ ...(name && { name }), key: carried, ...(source.length > 0 && { source }), ...(attestations.length > 0 && { attestations }) }];
}

function refuseLogs(authority: JsonObject, path: Path, findings: Findings): void {
  const ctlog = objectField(authority, "ctlog") ?? {};
  // Without these it switches the log off.
  const isAsked = ["url", "trustRootRef"].some((name) => (field(ctlog, name) ?? "") !== "");
  findings.unknown(ctlog, ["url", "trustRootRef"], [...path, "ctlog"]);
  if (isAsked) findings.add([...path, "ctlog"], "looser", LOG);
  if (field(authority, "rfc3161timestamp") !== undefined) findings.add([...path, "rfc3161timestamp"], "looser", LOG);
}

function readSource(source: JsonObject, path: Path, findings: Findings): void {
  findings.unknown(source, ["oci", "tagPrefix", "signaturePullSecrets"], path);
  if (field(source, "signaturePullSecrets") !== undefined) {
    findings.add([...path, "signaturePullSecrets"], "note", "names Secrets of each workload's namespace: here they are read from the one that Pratique is installed in, so copy them there");
  }
}

function attestationOf(attestation: JsonObject, path: Path, findings: Findings): object {
  const { policy, ...rest } = attestation;
  findings.unknown(rest, ["name", "predicateType"], path);
  if (policy !== undefined) findings.add([...path, "policy"], "looser", "is not carried: an attestation of this type would pass whatever it says");
  return rest;
}

function keyOf(key: JsonObject, path: Path, findings: Findings): object | undefined {
  findings.unknown(key, ["data", "secretRef", "kms", "hashAlgorithm"], path);
  const hash = stringField(key, "hashAlgorithm");
  const data = stringField(key, "data");
  if (data !== undefined) return { data, ...(hash && { hashAlgorithm: hash }) };
  const secret = objectField(key, "secretRef");
  if (secret === undefined) {
    findings.add([...path, "kms"], "stricter", "is left out with its authority, since no key service is asked: export the public key with `cosign public-key --key <the kms:// URI>` and give it as `data`");
    return undefined;
  }
  findings.add([...path, "secretRef"], "note", "names a Secret of another namespace: copy it into the one that Pratique is installed in, and say in `key` which of its entries holds the public key");
  return { secretRef: { name: stringField(secret, "name") ?? "", key: "cosign.pub" }, ...(hash && { hashAlgorithm: hash }) };
}
