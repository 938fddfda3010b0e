import { field, type JsonObject, objectField, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { metadataOf, named, objectName, objectsIn, textsIn } from "./fields.ts";
import { type Conversion, type Draft, Findings, NONE, policyOutcome } from "./finding.ts";
import { type AttestorSet, authoritiesOf } from "./kyverno-attestors.ts";
import { kyvernoGlob } from "./pattern.ts";

/** Fields of a policy that say how Kyverno works, and nothing of what an image needs. */
const WORKINGS = ["admission", "background", "emitWarning", "failurePolicy", "generateExisting", "generateExistingOnPolicyUpdate", "mutateExistingOnPolicyUpdate", "schemaValidation", "useServerSideApply", "webhookConfiguration", "webhookTimeoutSeconds"];
const FAILURE_ACTIONS = ["validationFailureAction", "validationFailureActionOverrides"];
const RULE_FIELDS: ReadonlySet<string> = new Set(["name", "match", "exclude", "preconditions", "celPreconditions", "context", "skipBackgroundRequests", "reportProperties", "verifyImages"]);
const VERIFY_FIELDS = ["imageReferences", "skipImageReferences", "attestors", "attestations", "type", "repository", "required", "mutateDigest", "verifyDigest", "useCache", "failureAction", "imageRegistryCredentials", "cosignOCI11"];

/** A ClusterPolicy or Policy of Kyverno (kyverno.io): its `verifyImages` rules with keys. */
export function fromKyvernoPolicy(document: JsonObject): Conversion {
  const { name, namespace } = metadataOf(document);
  const kind = stringField(document, "kind") ?? "ClusterPolicy";
  const findings = new Findings();
  const spec = objectField(document, "spec") ?? {};
  readSpec(spec, findings);
  const specs = objectsIn(spec, "rules").flatMap((rule, i) => ruleSpecs(rule, ["spec", "rules", i], findings));
  const isNamespaced = kind === "Policy";
  if (isNamespaced) findings.add(["kind"], "stricter", "of one namespace becomes a TrustPolicy, which only narrows: a ClusterTrustPolicy must govern the same images");
  if (specs.length === 0) findings.add(["spec", "rules"], "note", "have no `verifyImages` with attestors, so there is nothing to carry");
  const drafts = specs.map(({ spec, findings }, i): Draft => {
    const metadata = { name: objectName(specs.length === 1 ? name : `${name}-${i + 1}`), ...(isNamespaced && { namespace: namespace ?? "default" }) };
    return { outcome: spec === undefined ? NONE : policyOutcome(isNamespaced ? "TrustPolicy" : "ClusterTrustPolicy", metadata, spec), findings: findings.all };
  });
  const whole: Draft = { outcome: specs.length === 0 ? NONE : { kind: "needless" }, findings: findings.all };
  return { source: named(`Kyverno ${kind}`, name), drafts: [whole, ...drafts] };
}

/** Kyverno's newer kind, which is CEL from top to bottom. */
export function fromImageValidatingPolicy(document: JsonObject): Conversion {
  const { name } = metadataOf(document);
  const findings = new Findings();
  findings.add(["spec"], "note", "is written in CEL, which is not carried: write a ClusterTrustPolicy with the keys of its attestors");
  return { source: named("Kyverno ImageValidatingPolicy", name), drafts: [{ outcome: NONE, findings: findings.all }] };
}

function readSpec(spec: JsonObject, findings: Findings): void {
  findings.unknown(spec, ["rules", "applyRules", ...WORKINGS, ...FAILURE_ACTIONS], ["spec"]);
  if (field(spec, "applyRules") === "One") findings.add(["spec", "applyRules"], "stricter", "is not carried: every rule that is for an image must be satisfied");
  for (const name of FAILURE_ACTIONS) if (field(spec, name) !== undefined) addFailureAction(["spec", name], findings);
}

function addFailureAction(path: Path, findings: Findings): void {
  findings.add(path, "stricter", "is said by the labels of a namespace: this policy refuses where `pratique.dev/enforce` is `verified`, and warns where `pratique.dev/warn` is");
}

interface Spec {
  readonly spec: object | undefined;
  readonly findings: Findings;
}

function ruleSpecs(rule: JsonObject, path: Path, findings: Findings): readonly Spec[] {
  for (const name of Object.keys(rule)) {
    if (!RULE_FIELDS.has(name)) findings.add([...path, name], "looser", "is not carried, so what it asks for would be lost: give it a policy of its own, which stays with Kyverno");
  }
  for (const name of ["match", "exclude", "preconditions", "celPreconditions"]) {
    if (field(rule, name) !== undefined) findings.add([...path, name], "stricter", "is not carried: a policy here governs by image alone, in every namespace that asks for `verified`");
  }
  return objectsIn(rule, "verifyImages").flatMap((verify, i) => verifySpecs(verify, [...path, "verifyImages", i], findings));
}

// Every set of attestors must be satisfied, and every attestation: each becomes a policy of its own, since all that govern must be.
function verifySpecs(verify: JsonObject, path: Path, findings: Findings): readonly Spec[] {
  readVerify(verify, path, findings);
  const images = textsIn(verify, "imageReferences").map((pattern, i) => ({ glob: kyvernoGlob(pattern, [...path, "imageReferences", i], findings) }));
  const signed = objectsIn(verify, "attestors").map((set, i): AttestorSet => ({ set, path: [...path, "attestors", i], attestation: undefined, repository: stringField(verify, "repository") }));
  const attested = objectsIn(verify, "attestations").flatMap((attestation, i) => attestationSets(verify, attestation, [...path, "attestations", i], findings));
  return [...signed, ...attested].map((set) => {
    const findings = new Findings();
    const { authorities, threshold } = authoritiesOf(set, findings);
    return { spec: authorities.length === 0 ? undefined : { images, authorities, threshold, index: "index" }, findings };
  });
}

function attestationSets(verify: JsonObject, attestation: JsonObject, path: Path, findings: Findings): readonly AttestorSet[] {
  findings.unknown(attestation, ["name", "type", "predicateType", "attestors", "conditions"], path);
  if (field(attestation, "conditions") !== undefined) findings.add([...path, "conditions"], "looser", "are not carried: an attestation of this type would pass whatever it says");
  const sets = objectsIn(attestation, "attestors");
  if (sets.length === 0) findings.add([...path, "attestors"], "looser", "are missing, so the attestation itself would no longer be asked for: say whose it must be");
  const type = stringField(attestation, "type") ?? stringField(attestation, "predicateType") ?? "";
  return sets.map((set, i) => ({ set, path: [...path, "attestors", i], attestation: type, repository: stringField(verify, "repository") }));
}

function readVerify(verify: JsonObject, path: Path, findings: Findings): void {
  findings.unknown(verify, VERIFY_FIELDS, path);
  const type = stringField(verify, "type") ?? "Cosign";
  if (type !== "Cosign" && type !== "SigstoreBundle") findings.add([...path, "type"], "looser", "is not carried: only what cosign signs is looked at");
  if (textsIn(verify, "skipImageReferences").length > 0) findings.add([...path, "skipImageReferences"], "stricter", "is not carried: these images are governed too");
  if (field(verify, "required") === false) findings.add([...path, "required"], "stricter", "is not carried: what is governed must be verified");
  if (field(verify, "failureAction") !== undefined) addFailureAction([...path, "failureAction"], findings);
  if (field(verify, "verifyDigest") !== false) findings.add([...path, "verifyDigest"], "note", "is said by the label `pratique.dev/require-digest` of a namespace");
  if (field(verify, "mutateDigest") === true) findings.add([...path, "mutateDigest"], "note", "is not done, since Pratique changes no object: without `pratique.dev/require-digest` a tag may move after it was judged");
  if (field(verify, "imageRegistryCredentials") !== undefined) findings.add([...path, "imageRegistryCredentials"], "note", "is not carried: the pull secrets of a Pod or its service account are used, or the installation's");
}
