import { canonicalHost, quote } from "../image/reference.ts";
import type { Path } from "../schema/problem.ts";
import type { Findings } from "./finding.ts";

/** Whether what comes after a name in a pattern leaves every tag and digest open: `:*`, `@sha256:*`, or nothing. */
const ANY_TARGET = /^(?:[:@](?:sha256:)?\*+)?$/;
const OTHER_NAMES = "could be part of a tag as well as of a name, which no glob here says; write the names and their tags as globs of their own";
const TAGS = "names tags, and a glob of tags here does not govern a reference with a digest: write it for the repository";
const ALL_TAGS = "governs every tag and digest of the repository here";

/**
 * A glob of ours for one of policy-controller. Its globs are matched against the whole reference, so that a `*` may end in
 * a tag and a first segment `*` is any host.
 */
export function sigstoreGlob(glob: string, path: Path, findings: Findings): string {
  const { folder, name, target } = partsOf(glob);
  const [first = ""] = folder.split("/");
  if (glob !== "*/*" && /^\*(?!\*)|^[^*.:]+\*/.test(first) && !/[.:]/.test(first)) {
    findings.add(path, "looser", "begins with a host of any name, and here with a folder of Docker Hub: write the hosts, or `**`");
  }
  if (!ANY_TARGET.test(target)) findings.add(path, "looser", TAGS);
  else if (/\*[^*]/.test(name)) findings.add(path, "looser", `has a \`*\` before other letters, which ${OTHER_NAMES}`);
  else if (target !== "" || !name.includes("*")) findings.add(path, "note", ALL_TAGS);
  return folder + name;
}

/**
 * A glob of ours for a pattern of Kyverno, whose `*` stands for any characters at all, those between a name and its tag
 * among them. Where there is none for the same images, one for more: Kyverno admits what no rule is for, so that is
 * stricter.
 */
export function kyvernoGlob(pattern: string, path: Path, findings: Findings): string {
  if (pattern.includes("?")) findings.add(path, "looser", "has a `?`, which globs here do not know: the images that it is for would not be governed");
  const { folder, name, target } = partsOf(pattern);
  const [begin = name, ...rest] = name.split(/(?<=\*)/);
  const after = rest.join("").replace(/^\*+/, "");
  const glob = manyStars(folder) + manyStars(after === "" ? name : begin);
  const wide = widened(glob);
  if (after !== "" || !ANY_TARGET.test(target) || wide !== glob) findings.add(path, "stricter", `becomes ${quote(wide)}, which is for more: every tag and digest of what it may name`);
  return wide;
}

/** Connaisseur puts a `*` before and after a pattern, and its `*` is any characters at all. */
export function connaisseurGlob(pattern: string, path: Path, findings: Findings): string {
  if (/^\*+(?::\*+)?$/.test(pattern)) return "**";
  const { folder, name, target } = partsOf(pattern.replace(/^\**index\.docker\.io\//, "docker.io/"));
  const [first = ""] = folder.replace(/^\*+/, "").split("/");
  if (folder === "") findings.add(path, "looser", "names no folder, so it stands for whatever has these letters anywhere, in a tag too: write it with its host and folder");
  else if (canonicalHost(first) !== first.toLowerCase()) findings.add(path, "looser", `names the host ${quote(first)}, which is ${quote(canonicalHost(first))} here`);
  if (/\*[^*]/.test(name)) findings.add(path, "looser", `has a \`*\` before other letters, which ${OTHER_NAMES}`);
  if (!ANY_TARGET.test(target)) findings.add(path, "looser", TAGS);
  else if (target !== "" && !name.endsWith("*")) findings.add(path, "note", ALL_TAGS);
  if (!pattern.startsWith("*") && folder !== "") findings.add(path, "note", "is for hosts and folders that end so, too, since Connaisseur puts a `*` before it: take the `**` off if you do not mean that");
  // With a tag behind it, the name ends where it ends.
  const end = target !== "" && !name.endsWith("*") ? "" : "*";
  return `**${manyStars(folder.replace(/^\*+/, "") + name + end)}`;
}

interface Parts {
  /** Up to the last slash, that included; empty when there is none. */
  readonly folder: string;
  readonly name: string;
  /** From the colon or at sign on. */
  readonly target: string;
}

function partsOf(pattern: string): Parts {
  const slash = pattern.lastIndexOf("/") + 1;
  const last = pattern.slice(slash);
  const cut = last.search(/[:@]/);
  return { folder: pattern.slice(0, slash), name: cut < 0 ? last : last.slice(0, cut), target: cut < 0 ? "" : last.slice(cut) };
}

function manyStars(text: string): string {
  return text.replace(/\*+/g, "**");
}

// What has no host is Docker Hub's here, and a name alone on Docker Hub is in `library/`: a `*` there could mean more.
function widened(glob: string): string {
  const slash = glob.indexOf("/");
  const first = slash < 0 ? glob : glob.slice(0, slash);
  const path = glob.slice(first.length + 1);
  if (first.includes("*") && !/[.:]/.test(first)) return glob.replace(/^[^*]*\*+/, "**");
  const isShort = canonicalHost(first) === "docker.io" && /^[^/]*\*[^/]*$/.test(path);
  return isShort ? "docker.io/**" : glob;
}
