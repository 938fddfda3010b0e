import { arrayField, isObject, type JsonObject, objectField, stringField } from "../../json.ts";

/** The Service that the API server calls. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** What each entry that calls this Service trusts, as PEM; empty for one that trusts nothing yet. Other entries are not ours. */
export function caBundles(configuration: JsonObject, service: ServiceName): readonly string[] {
  return entriesOf(configuration)
    .filter((entry) => isFor(entry, service))
    .map((entry) => bundleOf(entry));
}

/** The configuration with the entries for this Service changed, and nothing else; undefined when none of them has to be. */
export function withCaBundles(configuration: JsonObject, service: ServiceName, wanted: (bundle: string) => string | undefined): JsonObject | undefined {
  const entries = entriesOf(configuration);
  const webhooks = entries.map((entry) => {
    const bundle = isFor(entry, service) ? wanted(bundleOf(entry)) : undefined;
    return bundle === undefined ? entry : withBundle(entry, bundle);
  });
  return webhooks.every((entry, index) => entry === entries[index]) ? undefined : { ...configuration, webhooks };
}

function withBundle(entry: JsonObject, bundle: string): JsonObject {
  return { ...entry, clientConfig: { ...objectField(entry, "clientConfig"), caBundle: Buffer.from(bundle).toString("base64") } };
}

function entriesOf(configuration: JsonObject): readonly JsonObject[] {
  return (arrayField(configuration, "webhooks") ?? []).map((entry) => (isObject(entry) ? entry : {}));
}

function isFor(entry: JsonObject, { namespace, name }: ServiceName): boolean {
  const service = objectField(objectField(entry, "clientConfig") ?? {}, "service") ?? {};
  return stringField(service, "name") === name && stringField(service, "namespace") === namespace;
}

function bundleOf(entry: JsonObject): string {
  return Buffer.from(stringField(objectField(entry, "clientConfig") ?? {}, "caBundle") ?? "", "base64").toString("latin1");
}
