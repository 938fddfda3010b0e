import { field, isObject, type JsonObject, stringField } from "../json.ts";
import { decodePolicy } from "../trust/decode.ts";
import { fromConnaisseur } from "./connaisseur.ts";
import { type Conversion, type Draft, type Finding, NONE } from "./finding.ts";
import { fromImageValidatingPolicy, fromKyvernoPolicy } from "./kyverno.ts";
import { fromClusterImagePolicy } from "./sigstore.ts";

type Converter = (document: JsonObject) => Conversion;

const KINDS: ReadonlyMap<string, Converter> = new Map([
  ["policy.sigstore.dev/ClusterImagePolicy", fromClusterImagePolicy],
  ["kyverno.io/ClusterPolicy", fromKyvernoPolicy],
  ["kyverno.io/Policy", fromKyvernoPolicy],
  ["policies.kyverno.io/ImageValidatingPolicy", fromImageValidatingPolicy],
]);

/** Turns one document of somebody else's into ours; undefined for one of a kind that nobody here knows. */
export function convert(document: unknown): Conversion | undefined {
  if (!isObject(document)) return undefined;
  const [group = ""] = (stringField(document, "apiVersion") ?? "").split("/");
  const converter = KINDS.get(`${group}/${stringField(document, "kind") ?? ""}`) ?? (isConnaisseur(document) ? fromConnaisseur : undefined);
  const conversion = converter?.(document);
  return conversion && { ...conversion, drafts: conversion.drafts.map(readable) };
}

function isConnaisseur(document: JsonObject): boolean {
  const root = field(document, "application");
  return field(document, "kind") === undefined && ["validators", "policy"].every((name) => field(isObject(root) ? root : document, name) !== undefined);
}

// What would be refused when it is applied is not written: the decoder that governs has the last word.
function readable(draft: Draft): Draft {
  if (draft.outcome.kind !== "policy") return draft;
  const { policy } = draft.outcome;
  const { spec } = decodePolicy(policy.kind, { ...policy }, "pratique-system");
  if (spec.kind === "readable") return draft;
  const findings = spec.problems.map(({ path, message }): Finding => ({ path, effect: "note", message: `${message} (in the policy that would be written)` }));
  return { outcome: NONE, findings: [...draft.findings, ...findings] };
}
