import type { Digest } from "../image/digest.ts";
import type { IndexRule, PlatformManifest } from "../image/index.ts";
import { carriesDocument, type Finding, findClaim } from "./claim.ts";
import type { Evidence } from "./evidence.ts";
import type { FailedPart } from "./verdict.ts";

/** An image as the rules see it: one manifest, or an index with the platform manifests that are to be judged. */
export type ImageTree =
  | { readonly kind: "manifest"; readonly digest: Digest }
  | { readonly kind: "index"; readonly digest: Digest; readonly platforms: readonly PlatformManifest[] };

/** What was found for each subject that has been looked at so far. */
export type EvidenceMap = ReadonlyMap<Digest, Evidence>;

/** What a part of an image came to. */
export interface JudgedPart {
  readonly name: string;
  readonly digest: Digest;
  readonly finding: Finding;
}

/**
 * The subjects that must be looked at next before the rule can be decided; empty when it can be. Under `covered` the
 * platforms are asked about only once the index turns out to have no claim.
 */
export function missingSubjects(rule: IndexRule, tree: ImageTree, known: EvidenceMap): readonly Digest[] {
  return [...wantedSubjects(rule, tree, known)].filter((digest) => !known.has(digest));
}

/** The parts that the rule asks for, each with its finding, in the order of the index. All their evidence is known. */
export function judgeParts(rule: IndexRule, tree: ImageTree, known: EvidenceMap): readonly JudgedPart[] {
  if (tree.kind === "manifest") return [{ name: "the image", digest: tree.digest, finding: findingOf(tree.digest, known) }];
  const index: JudgedPart = { name: "the index", digest: tree.digest, finding: findingOf(tree.digest, known) };
  switch (rule) {
    case "index":
      return [index];
    case "children":
      return tree.platforms.map((platform) => judgeSelf(platform, known));
    case "both":
      return [index, ...tree.platforms.map((platform) => judgeSelf(platform, known))];
    case "covered":
      return tree.platforms.map((platform) => judgeCovered(platform, known));
  }
}

/** All parts in one finding: a definite failure beats an undetermined one, and the first of its kind speaks. */
export function combineParts(tree: ImageTree, parts: readonly JudgedPart[], known: EvidenceMap): { readonly finding: Finding; readonly part: FailedPart | undefined } {
  const failing = parts.filter((part) => part.finding.kind !== "trusted");
  const speaker = failing.find((part) => part.finding.kind === "untrusted") ?? failing[0];
  if (speaker === undefined) return { finding: { kind: "trusted" }, part: undefined };
  if (tree.kind === "manifest") return { finding: speaker.finding, part: undefined };
  const part = { name: speaker.name, digest: speaker.digest, more: failing.length - 1 };
  return { finding: indexFinding(speaker.finding, known), part };
}

// An index is Unsigned when nothing that the rule asked for carries a document or could still turn out to.
function indexFinding(finding: Finding, known: EvidenceMap): Finding {
  if (finding.kind !== "untrusted" || finding.reason !== "Unsigned") return finding;
  const isBare = [...known.values()].every((evidence) => findClaim(evidence).kind !== "undetermined" && !carriesDocument(evidence));
  return isBare ? finding : { ...finding, reason: "PlatformUnsigned" };
}

function wantedSubjects(rule: IndexRule, tree: ImageTree, known: EvidenceMap): ReadonlySet<Digest> {
  if (tree.kind === "manifest" || rule === "index") return new Set([tree.digest]);
  const platforms = tree.platforms.map((platform) => platform.digest);
  switch (rule) {
    case "children":
      return new Set(platforms);
    case "both":
      return new Set([tree.digest, ...platforms]);
    case "covered":
      return coveringSubjects(tree.digest, tree.platforms, known);
  }
}

function coveringSubjects(top: Digest, platforms: readonly PlatformManifest[], known: EvidenceMap): ReadonlySet<Digest> {
  const own = known.get(top);
  if (own === undefined || findClaim(own).kind === "trusted") return new Set([top]);
  return new Set([top, ...platforms.flatMap((platform) => [...platform.path, platform.digest])]);
}

function judgeSelf(platform: PlatformManifest, known: EvidenceMap): JudgedPart {
  return { name: platform.platform, digest: platform.digest, finding: findingOf(platform.digest, known) };
}

// Signed by itself or through an index on its path; its own failure is the one to tell, unless only another is open.
function judgeCovered(platform: PlatformManifest, known: EvidenceMap): JudgedPart {
  const findings = [platform.digest, ...platform.path].flatMap((digest) => {
    const evidence = known.get(digest);
    return evidence === undefined ? [] : [findClaim(evidence)];
  });
  const finding =
    findings.find((each) => each.kind === "trusted") ?? findings.find((each) => each.kind === "undetermined") ?? findings[0] ?? UNKNOWN;
  return { name: platform.platform, digest: platform.digest, finding };
}

function findingOf(digest: Digest, known: EvidenceMap): Finding {
  const evidence = known.get(digest);
  return evidence === undefined ? UNKNOWN : findClaim(evidence);
}

// Reached only if a caller judges before it has looked; unknown means deny.
const UNKNOWN: Finding = { kind: "undetermined", reason: "InternalError", detail: "a part of the image was not looked at" };
