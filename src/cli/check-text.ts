import type { Judgement } from "../admission/judgement.ts";
import { shownImage } from "../admission/message.ts";
import type { Digest } from "../image/digest.ts";
import type { Inspection, PlatformVerdict } from "../inspection/inspect.ts";
import type { Candidate, Layout, Location } from "../signature/candidate.ts";
import type { Evidence } from "../verdict/evidence.ts";
import type { PolicyOutcome } from "../verdict/outcome.ts";
import { claimOf } from "./check-json.ts";
import { policyBranches } from "./check-policies.ts";
import type { CheckedImage } from "./checker.ts";
import type { Output } from "./io.ts";
import { colour, mark, type Paint, paintFor, verdictWords } from "./paint.ts";
import { type Branch, drawTree } from "./tree.ts";

/** The person's view: for each image its verdict, a tree of what was found and where, and what to do next. */
export function renderText(checked: readonly CheckedImage[], output: Output): string {
  const paint = paintFor(output);
  const blocks = checked.map((image) => `${imageLines(image, paint).join("\n")}\n`);
  return [...blocks, ...(checked.length > 1 ? [summary(checked, paint)] : [])].join("\n");
}

function imageLines({ judgement, inspection }: CheckedImage, paint: Paint): readonly string[] {
  const { digest, verdict } = judgement;
  const remedy = "remedy" in verdict ? [`  ${paint("bold", "Next:")} ${verdict.remedy}`] : [];
  return [
    `${mark(verdict, paint)} ${paint("bold", shownImage(judgement))}`,
    ...(digest === undefined ? [] : [`  ${digest}`]),
    `  ${colour(verdict, paint, `${verdict.kind}, ${verdict.reason}`)}: ${explanation(judgement)}`,
    ...(inspection === undefined || digest === undefined ? [] : drawTree(branchesOf(inspection, digest, paint), "  ")),
    ...policyLines(inspection?.policies ?? [], paint),
    ...remedy,
  ];
}

function policyLines(policies: readonly PolicyOutcome[], paint: Paint): readonly string[] {
  if (policies.length === 0) return [];
  const title = ({ verdict }: PolicyOutcome, text: string): string => `${mark(verdict, paint)} ${text}`;
  return [`  ${paint("bold", "Policies that govern it:")}`, ...drawTree(policyBranches(policies, title), "  ")];
}

function explanation({ verdict, level }: Judgement): string {
  const part = "part" in verdict && verdict.part !== undefined ? verdict.part : undefined;
  const where = part === undefined ? "" : `${part.name}${part.more > 0 ? ` and ${part.more} more` : ""}: `;
  // `signed` must never be taken for a check of the signature itself.
  const limits = verdict.kind === "trusted" && level === "signed" ? "; the signature itself is not verified at level signed" : "";
  return `${where}${verdict.detail}${limits}`;
}

function branchesOf({ platforms, evidence }: Inspection, digest: Digest, paint: Paint): readonly Branch[] {
  const bySubject = mergedBySubject(evidence);
  const own = bySubject.get(digest);
  if (platforms.length === 0) return own === undefined ? [] : accessories(own, paint);
  const listed = new Set(platforms.map((platform) => platform.digest));
  const indexes = [...bySubject.values()].filter(({ subject }) => !listed.has(subject));
  return [
    ...indexes.map((each) => ({ text: each.subject === digest ? "the index" : `index ${each.subject}`, children: accessories(each, paint) })),
    ...platforms.map((platform) => platformBranch(platform, bySubject.get(platform.digest), paint)),
  ];
}

// A subject may have been asked about in several places, and for signatures and attestations apart.
function mergedBySubject(evidence: readonly Evidence[]): ReadonlyMap<Digest, Evidence> {
  const merged = new Map<Digest, Evidence>();
  for (const each of evidence) {
    const { subject, candidates, failed, exhausted } = each;
    const before = merged.get(subject);
    merged.set(subject, before === undefined ? each : { subject, candidates: [...before.candidates, ...candidates], failed: [...before.failed, ...failed], exhausted: [...before.exhausted, ...exhausted] });
  }
  return merged;
}

function platformBranch({ platform, digest, verdict }: PlatformVerdict, evidence: Evidence | undefined, paint: Paint): Branch {
  const text = `${mark(verdict, paint)} ${platform} ${digest} ${colour(verdict, paint, verdict.reason)}`;
  return { text, children: evidence === undefined ? [] : accessories(evidence, paint) };
}

function accessories({ subject, candidates, failed, exhausted }: Evidence, paint: Paint): readonly Branch[] {
  const lines = [
    ...counted(candidates.map((candidate) => candidateLine(candidate, subject, paint))),
    ...failed.map(({ location, reason, message }) => `${LOCATIONS[location]} ${paint("yellow", "could not be asked")}: ${message} (${reason})`),
    ...exhausted.map((location) => `${LOCATIONS[location]} ${paint("yellow", "holds more than is read")}`),
  ];
  const found = lines.length > 0 ? lines : [paint("dim", "nothing is attached")];
  return found.map((text) => ({ text, children: [] }));
}

function candidateLine(candidate: Candidate, subject: Digest, paint: Paint): string {
  const where = `${LAYOUTS[candidate.layout]} at ${LOCATIONS[candidate.location]}${candidate.digest === undefined ? "" : `, in ${candidate.digest}`}`;
  return `${where}: ${claimText(candidate, subject, paint)}`;
}

function claimText(candidate: Candidate, subject: Digest, paint: Paint): string {
  const { claim } = candidate;
  switch (claim.kind) {
    case "claims":
      return claimOf(candidate, subject) === subject ? paint("green", "claims this digest") : paint("red", `claims ${claim.digests.join(", ") || "nothing"}`);
    case "attests":
      return claim.digests.includes(subject) ? "no cosign signature; it is about this digest" : "no cosign signature; it is about another digest";
    case "instead":
      return "no cosign signature";
    case "unreadable":
      return paint("yellow", `cannot be read (${claim.reason})`);
  }
}

const LAYOUTS: Readonly<Record<Layout, string>> = {
  "simple-signing": "cosign signature (simple-signing)",
  "oci-1-1": "cosign signature (oci-1-1)",
  bundle: "Sigstore bundle",
  attestation: "attestation",
  sbom: "SBOM",
  notation: "notation signature",
  unknown: "accessory of another kind",
};

const LOCATIONS: Readonly<Record<Location, string>> = {
  "sig-tag": "the .sig tag",
  referrers: "the referrers API",
  "referrers-tag": "the referrers fallback tag",
  "att-tag": "the .att tag",
  accessories: "Harbor's accessories API",
};

function counted(lines: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
}

function summary(checked: readonly CheckedImage[], paint: Paint): string {
  const words = verdictWords(checked.map(({ judgement }) => judgement.verdict));
  return `${paint("bold", `${checked.length} images:`)} ${words}\n`;
}
