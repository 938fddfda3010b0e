import { type JsonObject, isObject } from "../json.ts";
import type { Path } from "../schema/problem.ts";

/** The fields that a flag of `pratique serve` may set, whatever the file says. */
export const FLAGS = {
  listen: ["listen"],
  "metrics-listen": ["metricsListen"],
  "tls-cert-file": ["tls", "certFile"],
  "tls-key-file": ["tls", "keyFile"],
  "client-ca-file": ["tls", "clientCAFile"],
  "certificate-secret": ["tls", "managed", "secretName"],
  service: ["tls", "managed", "serviceName"],
  "webhook-configuration": ["tls", "managed", "webhookConfigurationName"],
  "installation-namespace": ["installationNamespace"],
  "log-level": ["logLevel"],
} as const satisfies Readonly<Record<string, Path>>;

export type FlagName = keyof typeof FLAGS;

/** The flags that were given, by their names without dashes. */
export type Flags = Readonly<Partial<Record<FlagName, string>>>;

/** The settings of a file with those of the flags put in their place. */
export function withFlags(settings: JsonObject, flags: Flags): JsonObject {
  return given(flags).reduce((changed, [name, value]) => withValue(changed, FLAGS[name], value), settings);
}

/** The flag that set a field, so that an error names what the user typed. */
export function flagOf(path: string, flags: Flags): FlagName | undefined {
  return given(flags).find(([name]) => FLAGS[name].join(".") === path)?.[0];
}

function given(flags: Flags): readonly (readonly [FlagName, string])[] {
  return Object.entries(flags).filter(([, value]) => value !== undefined) as [FlagName, string][];
}

function withValue(object: JsonObject, [step, ...rest]: readonly string[], value: string): JsonObject {
  if (step === undefined) return object;
  const inner = object[step] ?? {};
  // A file with something else where a group belongs is an error of its own, which the flag must not hide.
  if (rest.length > 0 && !isObject(inner)) return object;
  return { ...object, [step]: rest.length === 0 ? value : withValue(inner as JsonObject, rest, value) };
}
