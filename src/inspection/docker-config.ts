import { CodedError } from "../errors.ts";
import { field, isObject, type JsonObject, parseJson } from "../json.ts";
import type { Credential } from "./credential.ts";
import type { KeyringEntry } from "./keyring.ts";

export type DockerConfigFault = "Unreadable" | "NotJson" | "NotAnObject" | "BadAuths" | "BadEntry" | "BadAuth";

/** Why a document is no docker config. The message names the place in it, and holds no value of it. */
export class DockerConfigError extends CodedError<DockerConfigFault> {}

export interface DockerConfig {
  readonly entries: readonly KeyringEntry[];
  /** What the document asks for and does not get, each a sentence for a person. */
  readonly warnings: readonly string[];
}

/** A pull secret's `.dockerconfigjson`, or a `config.json` of docker: `{"auths": {HOST: ENTRY}}`. Throws DockerConfigError. */
export function parseDockerConfigJson(bytes: Uint8Array): DockerConfig {
  const document = parseObject(bytes);
  const auths = field(document, "auths") ?? {};
  if (!isObject(auths)) throw new DockerConfigError("BadAuths", "auths is not an object");
  return { entries: entriesOf(auths, "auths"), warnings: warningsOf(document) };
}

/** A pull secret's legacy `.dockercfg`: `{HOST: ENTRY}`. Throws DockerConfigError. */
export function parseDockercfg(bytes: Uint8Array): DockerConfig {
  return { entries: entriesOf(parseObject(bytes), "the document"), warnings: [] };
}

// Neither the text nor what the JSON parser says of it goes on: both hold passwords.
function parseObject(bytes: Uint8Array): JsonObject {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch {
    throw new DockerConfigError("NotJson", "the docker config is not JSON");
  }
  if (!isObject(document)) throw new DockerConfigError("NotAnObject", "the docker config is not a JSON object");
  return document;
}

function entriesOf(auths: JsonObject, where: string): readonly KeyringEntry[] {
  return Object.entries(auths).flatMap(([location, value]) => {
    const credential = credentialOf(value, `${where}[${shown(location)}]`);
    return credential === undefined ? [] : [{ location, credential }];
  });
}

// An entry without anything in it stands for credentials that a helper program keeps.
function credentialOf(value: unknown, where: string): Credential | undefined {
  if (value === null) return undefined;
  if (!isObject(value)) throw new DockerConfigError("BadEntry", `${where} is not an object`);
  const token = textField(value, "identitytoken", where);
  if (token !== "") return { kind: "identity-token", token };
  const auth = textField(value, "auth", where);
  if (auth !== "") return decodeAuth(auth, where);
  const username = textField(value, "username", where);
  const password = textField(value, "password", where);
  return username === "" && password === "" ? undefined : { kind: "password", username, password };
}

function textField(entry: JsonObject, name: string, where: string): string {
  const value = field(entry, name) ?? "";
  if (typeof value !== "string") throw new DockerConfigError("BadEntry", `${where}.${name} is not a text`);
  return value;
}

// Base64 with or without its padding, as the kubelet takes it.
function decodeAuth(auth: string, where: string): Credential {
  const text = auth.trim();
  const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64").toString("utf8") : "";
  const colon = decoded.indexOf(":");
  if (colon < 0) throw new DockerConfigError("BadAuth", `${where}.auth is not user:password in base64`);
  return { kind: "password", username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function warningsOf(document: JsonObject): readonly string[] {
  const helpers = field(document, "credHelpers");
  const isKept = isObject(helpers) && Object.keys(helpers).length > 0;
  return [
    ...(field(document, "credsStore") ? ["credsStore is not supported: credentials that a helper program keeps are not used"] : []),
    ...(isKept ? ["credHelpers is not supported: credentials that helper programs keep are not used"] : []),
  ];
}

// A location may be a URL with a user and a password in it; only what follows them is shown.
function shown(location: string): string {
  return JSON.stringify(location.slice(location.lastIndexOf("@") + 1).slice(0, 200));
}
