import { CodedError } from "../errors.ts";
import { type Reference, type Repository, canonicalHost, repositoryName } from "./reference.ts";

export type GlobFault = "Empty" | "TooLong" | "BadCharacter" | "UpperCase" | "HostAlone" | "TagAndDigest";

/** Why a text is no glob for images; the message says it to a person. */
export class GlobError extends CodedError<GlobFault> {}

/**
 * A pattern for images. `name` is matched against `host/path`; `target`, when there is one, against the tag or the
 * digest that decides, so a glob of tags never matches a reference that is pinned to a digest.
 */
export interface Glob {
  /** As it was written. */
  readonly text: string;
  readonly name: string;
  readonly target: GlobTarget | undefined;
}

export interface GlobTarget {
  readonly kind: "tag" | "digest";
  readonly pattern: string;
}

/** Longer than any repository's name with a digest, and short enough for a matcher that looks at every character. */
const MAX_GLOB = 512;
const ALLOWED = /^(?:\[[A-Fa-f0-9:]+\](?=[:/]))?[A-Za-z0-9._\-/:@*]+$/;

/**
 * Parses a glob: `*` stands for any characters inside one path segment, `**` for any characters at all. It matches
 * `host/path`, or the whole reference when it has a `:` or `@` after the last `/`, from the first character to the
 * last. What names no host is Docker Hub's, as in an image reference (`nginx` is `docker.io/library/nginx`), unless it
 * starts with `**`. Throws GlobError.
 */
export function parseGlob(text: string): Glob {
  if (text === "") throw new GlobError("Empty", "the glob is empty; `**` matches every image");
  if (text.length > MAX_GLOB) throw new GlobError("TooLong", `the glob is longer than ${MAX_GLOB} characters`);
  if (!ALLOWED.test(text)) {
    throw new GlobError("BadCharacter", "a glob has letters, digits, `.`, `_`, `-`, `/`, `:`, `@`, `*` and `**` alone; there are no other wildcards");
  }
  if (text.startsWith("[") && !text.includes("/")) throw hostAlone(text);
  const { name, target } = split(text);
  if (name !== name.toLowerCase()) throw new GlobError("UpperCase", "hosts and repositories in a glob are lower-case");
  return { text, name: normalise(name), target };
}

/** Whether the glob matches the image that a reference really names: its digest when it has one, else its tag. */
export function matchesGlob(glob: Glob, reference: Reference): boolean {
  if (!matchesRepository(glob, reference.repository)) return false;
  if (glob.target === undefined) return true;
  const { target } = reference;
  const value = target.kind === "tag" ? target.tag : target.digest;
  return glob.target.kind === target.kind && matches(glob.target.pattern, value);
}

/** Whether the part of the glob before a tag or digest matches a repository. */
export function matchesRepository(glob: Glob, repository: Repository): boolean {
  return matches(glob.name, repositoryName(repository));
}

function split(text: string): Pick<Glob, "name" | "target"> {
  const start = text.lastIndexOf("/") + 1;
  const at = text.indexOf("@", start);
  const colon = text.indexOf(":", start);
  if (at < 0 && colon < 0) return { name: text, target: undefined };
  // The colon after the at sign is the digest's own.
  if (at < 0 || (colon >= 0 && colon < at)) {
    if (at >= 0) throw new GlobError("TagAndDigest", "a glob has a tag or a digest, not both: with both in a reference, the digest decides");
    return { name: text.slice(0, colon), target: { kind: "tag", pattern: text.slice(colon + 1) } };
  }
  return { name: text.slice(0, at), target: { kind: "digest", pattern: text.slice(at + 1) } };
}

function normalise(name: string): string {
  const slash = name.indexOf("/");
  const first = slash < 0 ? name : name.slice(0, slash);
  if (first.startsWith("**")) return name;
  const isHost = /[.:]/.test(first) || first === "localhost";
  if (isHost && slash < 0) throw hostAlone(name);
  const host = isHost ? canonicalHost(first) : "docker.io";
  const path = isHost ? name.slice(slash + 1) : name;
  const isShort = host === "docker.io" && !path.includes("/") && !path.startsWith("**");
  return `${host}/${isShort ? "library/" : ""}${path}`;
}

function hostAlone(host: string): GlobError {
  return new GlobError("HostAlone", `${host} names a host and no repository; \`${host}/**\` matches all that is in it`);
}

// Every position of the pattern that the text read so far can lead to is kept, so the time is bounded by the product
// of the two lengths whatever the pattern is; nothing is ever tried again.
function matches(pattern: string, text: string): boolean {
  // Most globs end with their only wildcard, or have none, and there may be a hundred for each image.
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  if (pattern.slice(star) === "**") return text.startsWith(pattern.slice(0, star));
  const tokens = tokenise(pattern);
  let reached = closure(tokens, new Set([0]));
  for (const char of text) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = tokens[at];
      if (token === "**" || (token === "*" && char !== "/")) next.add(at);
      else if (token === char) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = closure(tokens, next);
  }
  return reached.has(tokens.length);
}

function tokenise(pattern: string): readonly string[] {
  return pattern.match(/\*\*|[^]/g) ?? [];
}

// A wildcard may stand for nothing, so what comes after it is reached as well.
function closure(tokens: readonly string[], reached: Set<number>): Set<number> {
  for (const at of reached) {
    const token = tokens[at];
    if (token === "*" || token === "**") reached.add(at + 1);
  }
  return reached;
}
