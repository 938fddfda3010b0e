import { field, type JsonObject, numberField, objectField, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { objectName, objectsIn, textsIn } from "./fields.ts";
import { type Conversion, type Draft, Findings, NONE, policyOutcome } from "./finding.ts";
import { globOf } from "./pattern.ts";

/** Connaisseur's configuration: `validators` and `policy`, by themselves or below `application` in Helm values. */
export function fromConnaisseur(document: JsonObject): Conversion {
  const application = objectField(document, "application");
  const root = application ?? document;
  const base: Path = application === undefined ? [] : ["application"];
  const validators = new Map(objectsIn(root, "validators").map((validator) => [stringField(validator, "name") ?? "default", validator]));
  const rules = objectsIn(root, "policy");
  return { source: "Connaisseur configuration", drafts: rules.flatMap((rule, i) => draftsOf({ rule, validators, path: [...base, "policy", i], index: i, isOne: rules.length === 1 })) };
}

interface Rule {
  readonly rule: JsonObject;
  readonly validators: ReadonlyMap<string, JsonObject>;
  readonly path: Path;
  readonly index: number;
  readonly isOne: boolean;
}

function draftsOf({ rule, validators, path, index, isOne }: Rule): readonly Draft[] {
  const findings = new Findings();
  const name = stringField(rule, "validator") ?? "default";
  const validator = validators.get(name);
  const pattern = stringField(rule, "pattern") ?? "*:*";
  const glob = globOf(pattern, [...path, "pattern"], findings);
  const metadata = { name: objectName(`connaisseur-${index + 1}-${name}`) };
  if (!isOne) findings.add([...path, "pattern"], "stricter", "is one of several: Connaisseur follows the longest that matches, and here every policy that governs an image must be satisfied");
  const type = validator === undefined ? undefined : stringField(validator, "type");
  if (validator === undefined || (type !== "static" && type !== "cosign")) {
    findings.add([...path, "validator"], "note", validator === undefined ? `names no validator: ${JSON.stringify(name)}` : `is of type ${JSON.stringify(type)}, which is not carried: only what cosign signs is looked at`);
    return [{ outcome: NONE, findings: findings.all }];
  }
  if (type === "static") return [staticDraft(field(validator, "approve") === true, { glob, metadata, path }, findings)];
  return cosignDrafts({ rule, validator, path }, { glob, metadata }, findings);
}

interface Target {
  readonly glob: string;
  readonly metadata: { readonly name: string };
}

function staticDraft(approve: boolean, { glob, metadata, path }: Target & { readonly path: Path }, findings: Findings): Draft {
  // What no policy governs is refused already, and a policy that fails for everything would refuse what another allows.
  if (!approve && glob === "**") {
    findings.add(path, "note", "refuses what no other rule names, which is so here without a policy (NoPolicy)");
    return { outcome: { kind: "needless" }, findings: findings.all };
  }
  const authorities = [{ static: approve ? { action: "pass" } : { action: "fail", message: "refused by a policy that was imported from Connaisseur" } }];
  return { outcome: policyOutcome("ClusterTrustPolicy", metadata, { images: [{ glob }], authorities }), findings: findings.all };
}

// The roots that a rule asks for, so many of them; each that is `required` becomes a policy of its own.
function cosignDrafts({ rule, validator, path }: { readonly rule: JsonObject; readonly validator: JsonObject; readonly path: Path }, { glob, metadata }: Target, findings: Findings): readonly Draft[] {
  const options = objectField(rule, "with") ?? {};
  findings.unknown(options, ["trustRoot", "threshold", "required", "mode", "verifyInTransparencyLog"], [...path, "with"]);
  if (field(options, "verifyInTransparencyLog") !== false) {
    findings.add([...path, "with", "verifyInTransparencyLog"], "looser", "would no longer be asked for (Connaisseur asks for a log entry unless it is false): with a key, this version looks at signatures alone");
  }
  if (field(options, "mode") !== undefined) findings.add([...path, "with", "mode"], "note", "has no use: Pratique never changes an object; ask for digests by the label `pratique.dev/require-digest`");
  const wanted = stringField(options, "trustRoot") ?? "default";
  const roots = objectsIn(validator, "trustRoots").filter((root) => wanted === "*" || stringField(root, "name") === wanted);
  const authorities = roots.flatMap((root) => rootAuthority(root, findings));
  const required = textsIn(options, "required");
  const threshold = wanted === "*" ? (numberField(options, "threshold") ?? Math.max(1, required.length || roots.length)) : 1;
  if (authorities.length === 0) {
    findings.add([...path, "with", "trustRoot"], "note", "leaves nobody who is trusted, so there is no policy to write");
    return [{ outcome: NONE, findings: findings.all }];
  }
  const draft = (name: string, spec: object): Draft => ({ outcome: policyOutcome("ClusterTrustPolicy", { name }, { images: [{ glob }], ...spec, index: "index" }), findings: findings.all });
  const each = authorities.filter(({ name }) => required.includes(name)).map((authority) => draft(objectName(`${metadata.name}-${authority.name}`), { authorities: [authority] }));
  return [draft(metadata.name, { authorities, threshold }), ...each];
}

function rootAuthority(root: JsonObject, findings: Findings): readonly { readonly name: string; readonly key: object }[] {
  const name = stringField(root, "name") ?? "default";
  const key = stringField(root, "key") ?? "";
  if (key.includes("-----BEGIN")) return [{ name, key: { data: key } }];
  findings.add(["validators", name, "key"], "stricter", "is no key that can be read here (a key service?): it is left out; export the public key with `cosign public-key --key <the URI>`");
  return [];
}
