import { createHash } from "node:crypto";
import { type Config, ConfigError, parseConfig } from "../config.ts";
import { arrayField, isObject, type JsonObject, objectField, stringField } from "../json.ts";
import type { Looker } from "./looker.ts";
import { CORE } from "./ports.ts";
import { instant } from "./read/workload.ts";
import { mapped, type Seen } from "./seen.ts";
import type { Settings } from "./snapshot.ts";

/** As the chart calls it. */
const FILE = "pratique.yaml";

/** Reads the configuration that a ConfigMap holds. */
export async function lookAtSettings({ namespace, name }: { readonly namespace: string; readonly name: string }, looker: Looker): Promise<Seen<Settings>> {
  const read = await looker.see(() => looker.ports.reader.get({ ...CORE("configmaps"), namespace, name }, looker.call));
  return mapped(read, (object) => settingsOf(object, name));
}

function settingsOf(object: JsonObject | undefined, configMap: string): Settings {
  const text = stringField(objectField(object ?? {}, "data") ?? {}, FILE);
  if (object === undefined || text === undefined) return { kind: "absent", configMap };
  const config = parsed(text);
  if (typeof config === "string") return { kind: "invalid", configMap, message: config };
  return { kind: "parsed", configMap, config, changedAt: changedAt(object), checksum: checksumOf(text) };
}

function parsed(text: string): Config | string {
  try {
    return parseConfig(text, FILE);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

// When somebody last wrote its data; a label that is put on it changes nothing that holds.
function changedAt(object: JsonObject): number | undefined {
  const fields = (arrayField(objectField(object, "metadata") ?? {}, "managedFields") ?? []).filter(isObject);
  const times = fields.flatMap((each) => (objectField(objectField(each, "fieldsV1") ?? {}, "f:data") === undefined ? [] : (instant(stringField(each, "time")) ?? [])));
  return times.length === 0 ? undefined : Math.max(...times);
}

// The chart hashes the text without the newline that a block of YAML ends with.
function checksumOf(text: string): string {
  return createHash("sha256").update(text.replace(/\n$/, "")).digest("hex");
}
