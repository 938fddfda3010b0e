import { type DockerConfig, DockerConfigError, parseDockerConfigJson, parseDockercfg } from "../../inspection/docker-config.ts";
import type { KeyringEntry } from "../../inspection/keyring.ts";
import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";

/** What a Secret is worth as a pull secret. `why` quotes nothing of it. */
export type PullSecret =
  | { readonly kind: "credentials"; readonly entries: readonly KeyringEntry[] }
  | { readonly kind: "ignored"; readonly why: string };

interface Format {
  readonly key: string;
  readonly parse: (bytes: Uint8Array) => DockerConfig;
}

// The two types that the kubelet takes (k8s.io/kubernetes/pkg/credentialprovider/secrets).
const FORMATS: ReadonlyMap<string, Format> = new Map([
  ["kubernetes.io/dockerconfigjson", { key: ".dockerconfigjson", parse: parseDockerConfigJson }],
  ["kubernetes.io/dockercfg", { key: ".dockercfg", parse: parseDockercfg }],
]);

/** Reads a Secret, as the API server has it, as a pull secret. */
export function parsePullSecret(secret: JsonObject): PullSecret {
  const format = FORMATS.get(stringField(secret, "type") ?? "");
  if (format === undefined) return { kind: "ignored", why: `its type is neither ${[...FORMATS.keys()].join(" nor ")}` };
  const data = stringField(objectField(secret, "data") ?? {}, format.key);
  if (!data) return { kind: "ignored", why: `it has no ${format.key}` };
  try {
    return { kind: "credentials", entries: format.parse(Buffer.from(data, "base64")).entries };
  } catch (thrown) {
    // Its message names a place in the document, and in a document that is out of order that may be anything.
    if (thrown instanceof DockerConfigError) return { kind: "ignored", why: `its ${format.key} is no docker config (${thrown.code})` };
    throw thrown;
  }
}

/** The names of a ServiceAccount's `imagePullSecrets`. */
export function pullSecretNames(serviceAccount: JsonObject): readonly string[] {
  const names = (arrayField(serviceAccount, "imagePullSecrets") ?? []).map((item) => (isObject(item) ? stringField(item, "name") : undefined));
  return names.filter((name) => name !== undefined);
}
