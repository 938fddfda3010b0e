import { readFileSync } from "node:fs";

import { ConfiguredPolicies, PolicyFileError } from "../adapters/kubernetes/configured-policies.ts";
import { ConfigError } from "../config.ts";
import { listItems, parseYamlDocuments } from "../config/yaml.ts";
import { messageOf } from "../errors.ts";
import { isObject, type JsonObject } from "../json.ts";
import { StartError } from "./start-error.ts";

/**
 * Trust policies from files, and the Secrets beside them, as `kubectl apply -f` takes them. `installation` is the
 * namespace whose Secrets a ClusterTrustPolicy names. Throws StartError for a file that cannot be used; what is wrong with
 * a policy itself makes it invalid, as in the cluster.
 */
export function readPolicyFiles(files: readonly string[], installation: string): ConfiguredPolicies {
  const objects = files.flatMap(objectsOf);
  try {
    return new ConfiguredPolicies(objects, installation);
  } catch (cause) {
    if (cause instanceof PolicyFileError) throw new StartError("Unreadable", `a policy file cannot be used: ${cause.message}`, { cause });
    throw cause;
  }
}

function objectsOf(file: string): readonly JsonObject[] {
  try {
    return parseYamlDocuments(readFileSync(file, "utf8"), file).flatMap((document) => itemsOf(document, file));
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    const message = cause instanceof ConfigError ? cause.message : `the policy file ${file} cannot be read: ${messageOf(cause)}`;
    throw new StartError("Unreadable", message, { cause });
  }
}

function itemsOf(document: unknown, file: string): readonly JsonObject[] {
  if (!isObject(document)) throw new StartError("Unreadable", `${file} has a document that is no object of Kubernetes`);
  return listItems(document)?.flatMap((item) => itemsOf(item, file)) ?? [document];
}
