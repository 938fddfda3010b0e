import { type Flags, flagOf, withFlags } from "./config/flags.ts";
import { type Address, formatFault, parseAddress } from "./config/format.ts";
import { ConfigError } from "./config/problem.ts";
import { ruleProblems } from "./config/rules.ts";
import { ConfigSchema, type RegistrySettings, RegistrySchema, type Settings } from "./config/schema.ts";
import { parseYaml } from "./config/yaml.ts";
import { type Glob, parseGlob } from "./image/glob.ts";
import { type Platform, parsePlatform } from "./image/platform.ts";
import { canonicalHost, parseReference, type Repository } from "./image/reference.ts";
import { type JsonObject, isObject } from "./json.ts";
import { check } from "./schema/check.ts";

export { FLAGS, type FlagName, type Flags } from "./config/flags.ts";
export type { Address } from "./config/format.ts";
export { ConfigError } from "./config/problem.ts";
export type { Problem } from "./schema/problem.ts";

/** The whole configuration, with its defaults, parsed and frozen. A file that is not configured is undefined. */
export interface Config extends Pick<DeepReadonly<Settings>, "defaults" | "audit" | "privateAddresses" | "requestSeconds" | "drainSeconds" | "cache" | "logLevel" | "installationNamespace" | "policyFiles"> {
  readonly listen: Address;
  readonly metricsListen: Address;
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly clientCAFile: string | undefined; readonly managed: ManagedCertificate | undefined };
  readonly exemptions: { readonly namespaces: ReadonlySet<string>; readonly images: readonly Glob[] };
  readonly signed: { readonly repositories: readonly Glob[] };
  /** Empty: every platform counts. */
  readonly platforms: readonly Platform[];
  /** Labels by namespace; undefined when the cluster is asked for them. */
  readonly namespaces: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined;
  readonly registries: readonly RegistryConfig[];
}

/** A certificate that we look after ourselves, and for whom. Undefined where files are served. */
export interface ManagedCertificate extends DeepReadonly<Omit<Settings["tls"]["managed"], "caHours" | "certificateHours">> {
  /** How long what we issue is good for, in milliseconds. */
  readonly lifetimes: { readonly ca: number; readonly serving: number };
}

export interface RegistryConfig extends Pick<DeepReadonly<RegistrySettings>, "host" | "kind" | "onOutage" | "plainHTTP" | "allowPrivate" | "tokenRealms" | "maxInFlight" | "mirrors" | "upstream" | "credentials"> {
  readonly caFile: string | undefined;
  /** The certificate that we show to the registry; undefined where it asks for none. */
  readonly client: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly dockerConfigFile: string | undefined;
  /** Undefined where signatures lie beside the images. */
  readonly signatureRepository: Repository | undefined;
  /** Where the installation's credentials may be used, as globs of `host/path`. */
  readonly repositories: readonly Glob[];
}

type DeepReadonly<Value> = Value extends object ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> } : Value;

/**
 * Parses a configuration file; the flags that were given replace what it says. An empty text is the default
 * configuration. `source` names the file in errors. Throws ConfigError with everything that is wrong.
 */
export function parseConfig(text: string, source: string, flags: Flags = {}): Config {
  const written = parseYaml(text, source) ?? {};
  if (!isObject(written)) throw new ConfigError(source, [{ path: "", message: "is not a map of fields, such as `requestSeconds: 8`" }]);
  const { value, problems: faults } = check(ConfigSchema, withFlags(written, flags), { formatFault });
  const problems = [...faults, ...ruleProblems(value as JsonObject)];
  if (problems.length > 0) {
    throw new ConfigError(source, problems.map(({ path, message }) => ({ path: named(path, flags), message })));
  }
  return configOf(value as Settings);
}

/** The settings of a registry; those of a registry that is not configured are the defaults. */
export function registryConfig(config: Config, host: string): RegistryConfig {
  const canonical = canonicalHost(host);
  return config.registries.find((registry) => registry.host === canonical) ?? unlisted(canonical);
}

function unlisted(host: string): RegistryConfig {
  return registryOf(check(RegistrySchema, { host }, { formatFault }).value as RegistrySettings);
}

function named(path: string, flags: Flags): string {
  const flag = flagOf(path, flags);
  return flag === undefined ? path : `--${flag}`;
}

function configOf(settings: Settings): Config {
  const { exemptions, signed, tls, namespaces } = settings;
  return freeze({
    listen: address(settings.listen),
    metricsListen: address(settings.metricsListen),
    tls: { certFile: tls.certFile, keyFile: tls.keyFile, clientCAFile: tls.clientCAFile || undefined, managed: managedCertificate(tls.managed) },
    defaults: settings.defaults,
    audit: settings.audit,
    exemptions: { namespaces: new Set(exemptions.namespaces), images: exemptions.images.map(parseGlob) },
    signed: { repositories: signed.repositories.map(parseGlob) },
    platforms: settings.platforms.flatMap((text) => parsePlatform(text) ?? []),
    namespaces: namespaces && new Map(Object.entries(namespaces).map(([name, labels]) => [name, new Map(Object.entries(labels))])),
    installationNamespace: settings.installationNamespace,
    policyFiles: settings.policyFiles,
    registries: settings.registries.map(registryOf),
    privateAddresses: settings.privateAddresses,
    requestSeconds: settings.requestSeconds,
    drainSeconds: settings.drainSeconds,
    cache: settings.cache,
    logLevel: settings.logLevel,
  });
}

const HOUR = 3_600_000;

function managedCertificate({ caHours, certificateHours, ...names }: Settings["tls"]["managed"]): ManagedCertificate | undefined {
  if (names.secretName === "") return undefined;
  return { ...names, lifetimes: { ca: caHours * HOUR, serving: certificateHours * HOUR } };
}

function registryOf(settings: RegistrySettings): RegistryConfig {
  const host = canonicalHost(settings.host);
  return {
    ...settings,
    host,
    caFile: settings.caFile || undefined,
    client: settings.clientCertFile === "" ? undefined : { certFile: settings.clientCertFile, keyFile: settings.clientKeyFile },
    dockerConfigFile: settings.dockerConfigFile || undefined,
    signatureRepository: settings.signatureRepository === "" ? undefined : parseReference(settings.signatureRepository).repository,
    repositories: settings.repositories.map((glob) => parseGlob(`${host}/${glob}`)),
  };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  // The schema's format has refused every other text.
  if (parsed === undefined) throw new TypeError(`not an address: ${text}`);
  return parsed;
}

function freeze<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value) as unknown[]) {
    if (typeof inner === "object" && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
