import { parseGlob } from "../image/glob.ts";
import { parsePlatform } from "../image/platform.ts";
import { parseReference, repositoryName } from "../image/reference.ts";
import { parseFault } from "../schema/parse-fault.ts";

/** The shapes of text that the schema asks for by its `format` keyword. */
export type Format = "address" | "host" | "realm" | "glob" | "repositoryGlob" | "optionalRepository" | "location" | "platform" | "namespace" | "optionalName";

/** What is wrong with a text, or undefined. */
type FormatCheck = (text: string) => string | undefined;

const CHECKS: Readonly<Record<Format, FormatCheck>> = {
  address: (text) => (parseAddress(text) === undefined ? "is not host:port, such as 0.0.0.0:8443, [::]:8443 or 127.0.0.1:0" : undefined),
  host: hostFault,
  realm: (text) => (isUrlHost(text) ? undefined : "is not the host of an https URL, such as auth.example.com or auth.example.com:8443"),
  glob: (text) => parseFault(() => parseGlob(text)),
  repositoryGlob: repositoryGlobFault,
  optionalRepository: (text) => (text === "" ? undefined : repositoryFault(text)),
  location: (text) => (repositoryFault(`${text}/x`) === undefined ? undefined : "is not host[/path] as in references, such as mirror.example.com:5000 or harbor.example.com/hub"),
  platform: (text) => (parsePlatform(text) === undefined ? "is not os/architecture[/variant], such as linux/amd64 or linux/arm/v7" : undefined),
  optionalName: (text) => (text === "" || isObjectName(text) ? undefined : "is not the name of an object: at most 253 lower-case letters, digits, `-` and `.`"),
  namespace: (text) => (isNamespaceName(text) ? undefined : "is not a namespace's name: at most 63 lower-case letters, digits and `-`"),
};

/** What is wrong with a text of a format that the schema names, or undefined. */
export function formatFault(format: string, text: string): string | undefined {
  return CHECKS[format as Format](text);
}

/** Where a server listens. Port 0 is any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `0.0.0.0:8443`, `localhost:8443` or `[::]:8443`; undefined for a text of another shape. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || !(port <= 65535) ? undefined : { host, port };
}

export function isNamespaceName(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

function isObjectName(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label));
}

function isUrlHost(text: string): boolean {
  const url = URL.parse(`https://${text}`);
  return url !== null && url.host === text;
}

function hostFault(text: string): string | undefined {
  if (text !== text.toLowerCase()) return "has upper-case letters; write the host in lower case";
  if (/[/@]/.test(text)) return "is not a host: leave out the scheme and the path, as in registry.example.com:5000";
  // A host means here what it means in a reference, so the parser of references is asked.
  const fault = parseFault(() => parseReference(`${text}/x`));
  if (fault !== undefined) return fault;
  return parseReference(`${text}/x`).repository.path === "x" || text.includes(".") ? undefined : "is not a host: it needs a dot, a port, or the name localhost";
}

function repositoryGlobFault(text: string): string | undefined {
  const fault = parseFault(() => parseGlob(`registry.invalid/${text}`));
  if (fault !== undefined) return fault;
  return /[:@]/.test(text) ? "has a host, tag or digest; it names repositories below the registry's host, such as shop/**" : undefined;
}

function repositoryFault(text: string): string | undefined {
  const fault = parseFault(() => parseReference(text));
  if (fault !== undefined) return fault;
  // Whoever configures a repository writes it whole: a short name would be one of Docker Hub's.
  return repositoryName(parseReference(text).repository) === text ? undefined : "is not a whole repository without tag and digest, such as registry.example.com/shop/signatures";
}
