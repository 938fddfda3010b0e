import { CodedError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";

/** A named collection in a registry. `host` has its port when one was written; Docker Hub is `docker.io`. */
export interface Repository {
  readonly host: string;
  readonly path: string;
}

/** What a reference names in its repository. With a tag and a digest the digest decides; the tag is kept for people. */
export type Target =
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "digest"; readonly digest: Digest; readonly tag: string | undefined };

export interface Reference {
  /** As it was written. */
  readonly text: string;
  readonly repository: Repository;
  readonly target: Target;
}

export type ReferenceFault =
  | "Empty"
  | "TooLong"
  | "BadHost"
  | "BadRepository"
  | "UpperCase"
  | "BadTag"
  | "BadDigest"
  | "BareDigest";

/** Why a text is no image reference; the message says it to a person. */
export class ReferenceError extends CodedError<ReferenceFault> {}

/** Longer than any reference can be that a registry could serve: host names end at 253 characters. */
const MAX_TEXT = 1024;
/** distribution/reference ("RepositoryNameTotalLengthMax"): the path, without the host. */
const MAX_PATH = 255;
const HUB = "docker.io";
/** The spellings under which `nginx` is short for `library/nginx`. */
const HUB_WITH_DEFAULTS: ReadonlySet<string> = new Set([HUB, "index.docker.io"]);
const HUB_ALIASES: ReadonlySet<string> = new Set([...HUB_WITH_DEFAULTS, "registry-1.docker.io"]);

// The grammar of distribution/reference. Every expression is anchored and has no nested repetition over the same
// characters, so matching time grows with the length alone.
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*$/;
const DOMAIN_LABEL = /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])$/;
const IPV6 = /^\[[a-fA-F0-9:]+\]$/;
const PORT = /^[0-9]+$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const BARE_HEX = /^[a-f0-9]{64}$/;

/**
 * Parses an image reference by the grammar of distribution/reference ("ParseNormalizedNamed"): Docker Hub's defaults
 * are filled in, and a reference without tag and digest has the tag `latest`. Two things differ, both on the strict
 * side: digests are sha256 and sha512 alone, and the host is canonical (`canonicalHost`), so that no spelling of a host
 * slips past what is configured for it. Throws ReferenceError.
 */
export function parseReference(text: string): Reference {
  if (text === "") throw new ReferenceError("Empty", "the image reference is empty");
  // Long garbage is refused before anything looks at each of its characters.
  if (text.length > MAX_TEXT) throw new ReferenceError("TooLong", `the image reference is longer than ${MAX_TEXT} characters`);
  if (BARE_HEX.test(text)) {
    throw new ReferenceError("BareDigest", "64 hexadecimal digits are an image ID, not an image reference");
  }
  const { name, tag, digest } = split(text);
  return { text, repository: parseName(name), target: targetOf(tag, digest) };
}

/** `host/path`, as configuration and messages write it. */
export function repositoryName(repository: Repository): string {
  return `${repository.host}/${repository.path}`;
}

/** `host/path@digest`: the reference that no later push can change. */
export function pinned(repository: Repository, digest: Digest): string {
  return `${repositoryName(repository)}@${digest}`;
}

/**
 * One spelling for one registry, so that no other spelling slips past a glob or a setting: lower-case, without the port
 * that https has anyway and without a port's leading zeros, and `docker.io` for each of Docker Hub's names.
 */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase().replace(/:0*([0-9]+)$/, ":$1").replace(/:443$/, "");
  return HUB_ALIASES.has(lower) ? HUB : lower;
}

interface Parts {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function split(text: string): Parts {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const rest = at < 0 ? text : text.slice(0, at);
  // A colon before the last slash belongs to the host's port.
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  if (colon < 0) return { name: rest, tag: undefined, digest };
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

function targetOf(tag: string | undefined, digestText: string | undefined): Target {
  if (tag !== undefined && !TAG.test(tag)) {
    throw new ReferenceError("BadTag", `the tag ${quote(tag)} is not up to 128 letters, digits, "_", "." and "-"`);
  }
  if (digestText === undefined) return { kind: "tag", tag: tag ?? "latest" };
  const digest = parseDigest(digestText);
  if (digest === undefined) {
    throw new ReferenceError("BadDigest", `the digest ${quote(digestText)} is not sha256: or sha512: and lower-case hexadecimal digits of full length`);
  }
  return { kind: "digest", digest, tag };
}

function parseName(name: string): Repository {
  const { host, path } = withDefaults(name);
  // UpperCase comes first: it is the mistake that people make, and the grammar's own answer would not name it.
  if (path !== path.toLowerCase()) {
    throw new ReferenceError("UpperCase", `the repository ${quote(path)} has upper-case letters; repository names are lower-case`);
  }
  refuseHost(host);
  refusePath(path);
  // Last, when nothing but ASCII is left: the lower case of a foreign letter may be an ASCII one.
  return { host: canonicalHost(host), path };
}

// The first component is a host when it looks like one, otherwise the image is Docker Hub's ("splitDockerDomain").
function withDefaults(name: string): Repository {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost" || first !== first.toLowerCase();
  const host = isHost ? first : HUB;
  const path = isHost ? name.slice(slash + 1) : name;
  return { host, path: HUB_WITH_DEFAULTS.has(host) && !path.includes("/") ? `library/${path}` : path };
}

function refusePath(path: string): void {
  for (const component of path.split("/")) {
    if (!PATH_COMPONENT.test(component)) {
      throw new ReferenceError("BadRepository", `${quote(component)} in the repository ${quote(path)} is not lower-case letters and digits with ".", "_", "__" or "-" between them`);
    }
  }
  if (path.length > MAX_PATH) throw new ReferenceError("TooLong", `the repository's name is longer than ${MAX_PATH} characters`);
}

function refuseHost(host: string): void {
  const colon = host.startsWith("[") ? host.indexOf("]") + 1 : host.indexOf(":");
  const hasPort = colon > 0 && host[colon] === ":";
  const domain = hasPort ? host.slice(0, colon) : host;
  const isDomain = IPV6.test(domain) || domain.split(".").every((label) => DOMAIN_LABEL.test(label));
  if (!isDomain) throw new ReferenceError("BadHost", `${quote(domain)} is not a host name or address`);
  if (hasPort && !PORT.test(host.slice(colon + 1))) {
    throw new ReferenceError("BadHost", `the port in ${quote(host)} is not a number`);
  }
}

/**
 * A text that anybody may have written, for a message: in quotes, on one line, at most 200 characters of it, and without
 * a character that a log or a terminal could take for anything else.
 */
export function quote(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  return JSON.stringify(shown).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
