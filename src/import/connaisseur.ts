import { quote } from "../image/reference.ts";
import { field, type JsonObject, numberField, objectField, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { objectName, objectsIn, textsIn } from "./fields.ts";
import { type Conversion, type Draft, Findings, NONE, policyOutcome } from "./finding.ts";
import { connaisseurGlob } from "./pattern.ts";
import { type Named, rootsOf } from "./trust-roots.ts";

/** Connaisseur's configuration: `validators` and `policy`, by themselves or below `application` in Helm values. */
export function fromConnaisseur(document: JsonObject): Conversion {
  const application = objectField(document, "application");
  const root = application ?? document;
  const base: Path = application === undefined ? [] : ["application"];
  const findings = new Findings();
  readFeatures(objectField(root, "features") ?? {}, [...base, "features"], findings);
  // The first of a name is the one that Connaisseur takes.
  const validators = objectsIn(root, "validators").map((validator, i): Named => ({ name: stringField(validator, "name") ?? "default", object: validator, path: [...base, "validators", i] }));
  const rules = objectsIn(root, "policy").map((rule, index): Rule => {
    const findings = new Findings();
    const path = [...base, "policy", index];
    const name = stringField(rule, "validator") ?? "default";
    findings.unknown(rule, ["pattern", "validator", "with"], path);
    const glob = connaisseurGlob(stringField(rule, "pattern") ?? "*:*", [...path, "pattern"], findings);
    return { rule, path, glob, findings, metadata: { name: objectName(`connaisseur-${index + 1}-${name}`) }, validator: validators.find((each) => each.name === name), validatorName: name };
  });
  if (rules.length === 0) findings.add([...base, "policy"], "note", "has no rules, so there is nothing to carry");
  const whole: Draft = { outcome: rules.length === 0 ? NONE : { kind: "needless" }, findings: findings.all };
  return { source: "Connaisseur configuration", drafts: [whole, ...rules.flatMap((rule) => draftsOf(rule, rules))] };
}

interface Rule {
  readonly rule: JsonObject;
  readonly path: Path;
  readonly glob: string;
  readonly findings: Findings;
  readonly metadata: { readonly name: string };
  readonly validator: Named | undefined;
  readonly validatorName: string;
}

function readFeatures(features: JsonObject, path: Path, findings: Findings): void {
  for (const name of Object.keys(features)) {
    if (name === "detectionMode" && features[name] === true) findings.add([...path, name], "stricter", "is said by the labels of a namespace: `pratique.dev/warn` in place of `pratique.dev/enforce`");
    else findings.add([...path, name], "note", "is not carried: the labels of a namespace say what is judged there");
  }
}

function draftsOf(rule: Rule, rules: readonly Rule[]): readonly Draft[] {
  const { path, findings, validator } = rule;
  if (rules.length > 1) findings.add([...path, "pattern"], "stricter", "is one of several: Connaisseur follows the longest that matches, and here every policy that governs an image must be satisfied");
  const type = validator === undefined ? undefined : stringField(validator.object, "type");
  if (validator !== undefined && type === "static") return [staticDraft(rule, field(validator.object, "approve") === true, rules)];
  if (validator !== undefined && type === "cosign") return cosignDrafts(rule, validator);
  const why = validator === undefined ? `names no validator: ${quote(rule.validatorName)}` : `is of type ${quote(type ?? "")}, which is not carried: only what cosign signs is looked at`;
  findings.add([...path, "validator"], "note", why);
  return [{ outcome: NONE, findings: findings.all }];
}

function staticDraft({ path, glob, metadata, findings }: Rule, approve: boolean, rules: readonly Rule[]): Draft {
  const isLast = glob === "**" && rules.filter((each) => each.glob === "**").length === 1;
  // What no policy governs is refused already, and a policy that fails for everything would refuse what another allows.
  if (!approve && isLast) {
    findings.add(path, "note", "refuses what no other rule names, which is so here without a policy (NoPolicy)");
    return { outcome: { kind: "needless" }, findings: findings.all };
  }
  const authorities = [{ static: approve ? { action: "pass" } : { action: "fail", message: "refused by a policy that was imported from Connaisseur" } }];
  return { outcome: policyOutcome("ClusterTrustPolicy", metadata, { images: [{ glob }], authorities }), findings: findings.all };
}

// The roots that a rule asks for, so many of them; each that is `required` becomes a policy of its own.
function cosignDrafts({ rule, path, glob, metadata, findings }: Rule, validator: Named): readonly Draft[] {
  const options = objectField(rule, "with") ?? {};
  readOptions(options, [...path, "with"], findings);
  const wanted = stringField(options, "trustRoot") ?? "default";
  const { authorities, count } = rootsOf(validator, wanted, findings);
  const required = textsIn(options, "required");
  const missing = required.filter((name) => !authorities.some((authority) => authority.name === name));
  // Connaisseur refuses everything by such a rule, or asks for somebody whom nobody here can check.
  if (missing.length > 0) findings.add([...path, "with", "required"], "note", `names ${missing.map(quote).join(", ")}, which cannot be asked for here, so there is no policy to write`);
  if (authorities.length === 0) findings.add([...path, "with", "trustRoot"], "note", "leaves nobody who is trusted, so there is no policy to write");
  if (missing.length > 0 || authorities.length === 0) return [{ outcome: NONE, findings: findings.all }];
  const threshold = wanted === "*" ? numberField(options, "threshold") || required.length || count : 1;
  const draft = (name: string, spec: object): Draft => ({ outcome: policyOutcome("ClusterTrustPolicy", { name }, { images: [{ glob }], ...spec, index: "index" }), findings: findings.all });
  const each = authorities.filter(({ name }) => required.includes(name)).map((authority) => draft(objectName(`${metadata.name}-${authority.name}`), { authorities: [authority] }));
  return [draft(metadata.name, { authorities, threshold }), ...each];
}

function readOptions(options: JsonObject, path: Path, findings: Findings): void {
  // `verifySCT` is about certificates, which a key has none of.
  findings.unknown(options, ["trustRoot", "threshold", "required", "mode", "verifyInTransparencyLog", "verifySCT"], path);
  if (field(options, "verifyInTransparencyLog") !== false) {
    findings.add([...path, "verifyInTransparencyLog"], "looser", "would no longer be asked for (Connaisseur asks for a log entry unless it is false): with a key, this version looks at signatures alone");
  }
  if (!["number", "undefined"].includes(typeof field(options, "threshold"))) findings.add([...path, "threshold"], "looser", "is no number, so nobody knows how many must have signed");
  if (field(options, "mode") !== undefined) findings.add([...path, "mode"], "note", "has no use: Pratique never changes an object; ask for digests by the label `pratique.dev/require-digest`");
}
