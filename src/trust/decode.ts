import { messageOf } from "../errors.ts";
import { type Glob, parseGlob } from "../image/glob.ts";
import type { IndexRule } from "../image/index.ts";
import { parseReference } from "../image/reference.ts";
import { field, type JsonObject, numberField, objectField, stringField } from "../json.ts";
import { check } from "../schema/check.ts";
import { type Problem, pathText } from "../schema/problem.ts";
import type { KeyDemand, PullSecretNames, Source, StaticAuthority } from "./authority.ts";
import { policyFormatFault } from "./format.ts";
import { predicateTypeOf } from "./predicate-type.ts";
import { parsePublicKey, type PublicKey } from "./public-key.ts";
import { ruleProblems } from "./rules.ts";
import { type PolicySpec, PolicySpecSchema } from "./schema.ts";
import type { PolicyId, PolicyKind } from "./trust-policy.ts";

/** A place in a Secret of a policy's own namespace. */
export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** A key that is there, or the place of one. */
export type KeySource = { readonly kind: "inline"; readonly key: PublicKey } | { readonly kind: "secret"; readonly ref: SecretRef; readonly path: string };

export interface KeyAuthoritySpec extends KeyDemand {
  readonly key: KeySource;
}

/** A policy as it was written, before the Secrets that it names are read. */
export interface DecodedPolicy {
  readonly id: PolicyId;
  /** `metadata.generation`: which writing of it this is. */
  readonly generation: number;
  readonly globs: readonly Glob[];
  readonly spec:
    | { readonly kind: "readable"; readonly authorities: readonly (KeyAuthoritySpec | StaticAuthority)[]; readonly threshold: number; readonly index: IndexRule | undefined }
    | { readonly kind: "unreadable"; readonly problems: readonly Problem[] };
}

/** An unreadable policy may have been meant for anything. */
const EVERYTHING = parseGlob("**");

/**
 * Decodes an object of the API. `installation` is the namespace whose Secrets a ClusterTrustPolicy may name. Never
 * throws: what cannot be read governs all the same (design, section 7).
 */
export function decodePolicy(kind: PolicyKind, object: JsonObject, installation: string): DecodedPolicy {
  const metadata = objectField(object, "metadata") ?? {};
  const namespace = kind === "TrustPolicy" ? (stringField(metadata, "namespace") ?? "") : undefined;
  const id: PolicyId = { kind, namespace, name: stringField(metadata, "name") ?? "" };
  const { value, problems } = check(PolicySpecSchema, field(object, "spec") ?? {}, { formatFault: policyFormatFault, at: ["spec"] });
  const all = problems.length > 0 ? problems : ruleProblems(kind, value as PolicySpec);
  const spec = all.length > 0 ? ({ kind: "unreadable", problems: all } as const) : readSpec(value as PolicySpec, namespace ?? installation);
  return {
    id,
    generation: numberField(metadata, "generation") ?? 0,
    globs: all.some(({ path }) => path === "spec" || path.startsWith("spec.images")) ? [EVERYTHING] : (value as PolicySpec).images.map(({ glob }) => parseGlob(glob)),
    spec,
  };
}

/** The Secrets that a policy's keys are in. */
export function secretRefsOf({ spec }: DecodedPolicy): readonly SecretRef[] {
  if (spec.kind === "unreadable") return [];
  return spec.authorities.flatMap((authority) => (authority.kind === "key" && authority.key.kind === "secret" ? [authority.key.ref] : []));
}

function readSpec({ authorities, threshold, index }: PolicySpec, namespace: string): DecodedPolicy["spec"] {
  const problems: Problem[] = [];
  const read = authorities.flatMap((authority, i): readonly (KeyAuthoritySpec | StaticAuthority)[] => {
    const name = authority.name ?? `authority-${i}`;
    if (authority.static !== undefined) return [staticAuthority(name, authority.static)];
    const key = readKey(authority.key, { namespace, path: ["spec", "authorities", i, "key"], problems });
    if (key === undefined) return [];
    const sources = authority.source?.map((source) => readSource(source, namespace)) ?? [IMAGE];
    const attestations = [...new Set(authority.attestations?.map(({ predicateType }) => predicateTypeOf(predicateType)))];
    return [{ kind: "key", name, key, hash: authority.key?.hashAlgorithm, sources, attestations }];
  });
  return problems.length > 0 ? { kind: "unreadable", problems } : { kind: "readable", authorities: read, threshold, index };
}

const IMAGE: Source = { kind: "image" };

type AuthorityFields = PolicySpec["authorities"][number];

function staticAuthority(name: string, { action, message }: NonNullable<AuthorityFields["static"]>): StaticAuthority {
  return action === "pass" ? { kind: "pass", name } : { kind: "fail", name, message: message ?? "the policy refuses this image" };
}

interface KeyPlace {
  readonly namespace: string;
  readonly path: readonly (string | number)[];
  readonly problems: Problem[];
}

function readKey(key: AuthorityFields["key"], { namespace, path, problems }: KeyPlace): KeySource | undefined {
  const at = (field: string): string => pathText([...path, field]);
  if (key?.secretRef !== undefined) return { kind: "secret", ref: { namespace, ...key.secretRef }, path: at("secretRef") };
  try {
    return { kind: "inline", key: parsePublicKey(key?.data ?? "") };
  } catch (error) {
    problems.push({ path: at("data"), message: messageOf(error) });
    return undefined;
  }
}

function readSource({ oci, tagPrefix = "", signaturePullSecrets }: NonNullable<AuthorityFields["source"]>[number], namespace: string): Source {
  const pullSecrets: PullSecretNames | undefined = signaturePullSecrets && { namespace, names: signaturePullSecrets.map(({ name }) => name) };
  return { kind: "repository", repository: parseReference(`${oci}:x`).repository, tagPrefix, pullSecrets };
}
