import type { Digest } from "../image/digest.ts";
import type { IndexRule, PlatformManifest } from "../image/index.ts";
import type { Finding } from "./claim.ts";
import { type FailedPart, speakerOf } from "./verdict.ts";

/** An image as the rules see it: one manifest, or an index with the platform manifests that are to be judged. */
export type ImageTree =
  | { readonly kind: "manifest"; readonly digest: Digest }
  | { readonly kind: "index"; readonly digest: Digest; readonly platforms: readonly PlatformManifest[] };

/** What one subject came to, and whether there is any document that could have been meant for it. */
export interface SubjectFinding {
  readonly finding: Finding;
  readonly carriesDocument: boolean;
}

/** What a level says of a subject; undefined for one that has not been looked at yet. */
export type FindSubject = (subject: Digest) => SubjectFinding | undefined;

/** What a part of an image came to. */
export interface JudgedPart {
  readonly name: string;
  readonly digest: Digest;
  readonly finding: Finding;
}

/**
 * The subjects that must be looked at next before the rule can be decided; empty when it can be. Under `covered` the
 * platforms are asked about only once the index turns out not to pass.
 */
export function missingSubjects(rule: IndexRule, tree: ImageTree, find: FindSubject): readonly Digest[] {
  return [...wantedSubjects(rule, tree, find)].filter((digest) => find(digest) === undefined);
}

/** The parts that the rule asks for, each with its finding, in the order of the index. All of them have been looked at. */
export function judgeParts(rule: IndexRule, tree: ImageTree, find: FindSubject): readonly JudgedPart[] {
  if (tree.kind === "manifest") return [judgePart("the image", tree.digest, find)];
  const platforms = () => tree.platforms.map(({ platform, digest }) => judgePart(platform, digest, find));
  switch (rule) {
    case "index":
      return [judgePart("the index", tree.digest, find)];
    case "children":
      return platforms();
    case "both":
      return [judgePart("the index", tree.digest, find), ...platforms()];
    case "covered":
      return tree.platforms.map((platform) => judgeCovered(platform, find));
  }
}

/** All parts in one finding: a definite failure beats an undetermined one, and the first of its kind speaks. */
export function combineParts(tree: ImageTree, parts: readonly JudgedPart[], find: FindSubject): { readonly finding: Finding; readonly part: FailedPart | undefined } {
  const failing = parts.filter((part) => part.finding.kind !== "trusted");
  const speaker = speakerOf(failing, (part) => part.finding.kind);
  if (speaker === undefined) return { finding: { kind: "trusted" }, part: undefined };
  if (tree.kind === "manifest") return { finding: speaker.finding, part: undefined };
  const part = { name: speaker.name, digest: speaker.digest, more: failing.length - 1 };
  return { finding: indexFinding(speaker.finding, tree, find), part };
}

// An index is Unsigned when nothing that the rule asked for carries a document or could still turn out to.
function indexFinding(finding: Finding, tree: ImageTree, find: FindSubject): Finding {
  if (finding.kind !== "untrusted" || finding.reason !== "Unsigned") return finding;
  const isBare = [...subjectsOf(tree)].every((digest) => {
    const found = find(digest);
    return found === undefined || (found.finding.kind !== "undetermined" && !found.carriesDocument);
  });
  return isBare ? finding : { ...finding, reason: "PlatformUnsigned" };
}

function wantedSubjects(rule: IndexRule, tree: ImageTree, find: FindSubject): ReadonlySet<Digest> {
  if (tree.kind === "manifest" || rule === "index") return new Set([tree.digest]);
  const platforms = tree.platforms.map((platform) => platform.digest);
  switch (rule) {
    case "children":
      return new Set(platforms);
    case "both":
      return new Set([tree.digest, ...platforms]);
    case "covered": {
      const own = find(tree.digest);
      return own === undefined || own.finding.kind === "trusted" ? new Set([tree.digest]) : subjectsOf(tree);
    }
  }
}

function subjectsOf(tree: ImageTree): ReadonlySet<Digest> {
  const platforms = tree.kind === "index" ? tree.platforms : [];
  return new Set([tree.digest, ...platforms.flatMap(({ path, digest }) => path.concat(digest))]);
}

// Signed by itself or through an index on its path; its own failure is the one to tell, unless only another is open.
function judgeCovered({ platform, digest, path }: PlatformManifest, find: FindSubject): JudgedPart {
  const findings = [digest, ...path].flatMap((subject) => find(subject)?.finding ?? []);
  const finding =
    findings.find((each) => each.kind === "trusted") ?? findings.find((each) => each.kind === "undetermined") ?? findings[0] ?? UNKNOWN;
  return { name: platform, digest, finding };
}

function judgePart(name: string, digest: Digest, find: FindSubject): JudgedPart {
  return { name, digest, finding: find(digest)?.finding ?? UNKNOWN };
}

// Reached only if a caller judges before it has looked; unknown means deny.
const UNKNOWN: Finding = { kind: "undetermined", reason: "InternalError", detail: "a part of the image was not looked at" };
