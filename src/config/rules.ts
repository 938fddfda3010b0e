import { mirrorProblems } from "./mirror-rules.ts";
import { type Demand, readLabels, unknownLabelLine } from "../admission/labels.ts";
import { CLOUDS, isRegistryOf } from "../image/cloud-registry.ts";
import { canonicalHost } from "../image/reference.ts";
import { type JsonObject, arrayField, field, isObject, numberField, objectField, stringField, stringMapField } from "../json.ts";
import { type Problem, pathText } from "../schema/problem.ts";
import { isNamespaceName } from "./format.ts";

/** What no single field shows to be wrong. Fields of a wrong type have been reported already and are passed over. */
export function ruleProblems(settings: JsonObject): readonly Problem[] {
  const registries = (arrayField(settings, "registries") ?? []).map((registry) => (isObject(registry) ? registry : {}));
  return [...namespaceProblems(settings), ...policyFileProblems(settings), ...auditProblems(settings), ...managedCertificateProblems(settings), ...registries.flatMap(registryProblems), ...duplicateProblems(registries)];
}

function namespaceProblems(settings: JsonObject): readonly Problem[] {
  const namespaces = objectField(settings, "namespaces") ?? {};
  return Object.keys(namespaces).flatMap((name) => {
    const problem = { path: pathText(["namespaces", name]), message: "is not a namespace's name: at most 63 lower-case letters, digits and `-`" };
    return isNamespaceName(name) ? labelProblems(namespaces, name) : [problem];
  });
}

// In a cluster the policies are the cluster's: two places that govern would be one too many.
function policyFileProblems(settings: JsonObject): readonly Problem[] {
  const isUsed = (arrayField(settings, "policyFiles") ?? []).length > 0 && objectField(settings, "namespaces") === undefined;
  return isUsed ? [{ path: "policyFiles", message: "is for where no API server is asked; name the namespaces here too (`namespaces`), or apply the policies to the cluster" }] : [];
}

// Without an API server nothing can be listed, and nobody would take an Event.
function auditProblems(settings: JsonObject): readonly Problem[] {
  if (objectField(settings, "namespaces") === undefined) return [];
  const audit = objectField(settings, "audit") ?? {};
  return ["scanMinutes", "admissionEvents"].flatMap((name) => {
    const isAsked = field(audit, name) === true || (numberField(audit, name) ?? 0) > 0;
    return isAsked ? [{ path: pathText(["audit", name]), message: "needs an API server, and none is asked where `namespaces` are configured; leave one of them out" }] : [];
  });
}

const MANAGED_NAMES = ["secretName", "serviceName", "webhookConfigurationName"] as const;

function managedCertificateProblems(settings: JsonObject): readonly Problem[] {
  const managed = objectField(objectField(settings, "tls") ?? {}, "managed") ?? {};
  const missing = MANAGED_NAMES.filter((name) => !stringField(managed, name));
  if (missing.length === MANAGED_NAMES.length) return [];
  const path = (name: string) => pathText(["tls", "managed", name]);
  const given = MANAGED_NAMES.find((name) => !missing.includes(name)) ?? "";
  if (objectField(settings, "namespaces") !== undefined) {
    return [{ path: path(given), message: "needs an API server, and none is asked where `namespaces` are configured; leave one of them out, and serve files (tls.certFile)" }];
  }
  return missing.map((name) => ({ path: path(name), message: `is missing; a certificate that Pratique looks after needs ${MANAGED_NAMES.join(", ")}` }));
}

// A bad label is refused here as it is on a namespace of the cluster.
function labelProblems(namespaces: JsonObject, name: string): readonly Problem[] {
  const { faults, unknown } = readLabels(stringMapField(namespaces, name), NO_DEMAND);
  const path = (key: string) => pathText(["namespaces", name, key]);
  return faults
    .map(({ key, message }): Problem => ({ path: path(key), message }))
    .concat(unknown.map((key) => ({ path: path(key), message: unknownLabelLine(key) })));
}

const NO_DEMAND: Demand = { enforce: "none", warn: "none", audit: "none", index: "both", requireDigest: false, onOutage: "deny" };

function registryProblems(registry: JsonObject, index: number): readonly Problem[] {
  const problems: Problem[] = [];
  const source = stringField(registry, "dockerConfigFile") ? "dockerConfigFile" : "credentials";
  if ((source === "dockerConfigFile" || (field(registry, source) ?? "none") !== "none") && arrayField(registry, "repositories")?.length === 0) {
    problems.push({
      path: pathText(["registries", index, "repositories"]),
      message: `is empty, so the credentials of ${source === "credentials" ? "the cloud" : source} are used for nothing; name the repositories, such as "shop/**", or leave ${source} out`,
    });
  }
  if (stringField(registry, "caFile") && field(registry, "plainHTTP") === true) {
    problems.push({ path: pathText(["registries", index, "caFile"]), message: "has no use with plainHTTP: true; leave one of them out" });
  }
  return [...problems, ...clientCertificateProblems(registry, index), ...cloudProblems(registry, index), ...mirrorProblems(registry, index)];
}

function cloudProblems(registry: JsonObject, index: number): readonly Problem[] {
  const cloud = CLOUDS.find((each) => each === field(registry, "credentials"));
  if (cloud === undefined) return [];
  const path = pathText(["registries", index, "credentials"]);
  const host = canonicalHost(stringField(registry, "host") ?? "");
  if (!isRegistryOf(cloud, host)) return [{ path, message: `is ${cloud}, and ${host} is none of that cloud's own registries; they alone are sent its credentials` }];
  if (field(registry, "plainHTTP") === true) return [{ path, message: "is not sent without TLS; leave plainHTTP out" }];
  return stringField(registry, "dockerConfigFile") ? [{ path, message: "has no use beside dockerConfigFile; leave one of them out" }] : [];
}

function clientCertificateProblems(registry: JsonObject, index: number): readonly Problem[] {
  const [given, ...others] = ["clientCertFile", "clientKeyFile"].filter((name) => stringField(registry, name));
  if (given === undefined) return [];
  const path = pathText(["registries", index, given]);
  if (others.length === 0) return [{ path, message: `is of no use alone; name the ${given === "clientCertFile" ? "private key too (clientKeyFile)" : "certificate too (clientCertFile)"}` }];
  return field(registry, "plainHTTP") === true ? [{ path, message: "has no use with plainHTTP: true; leave one of them out" }] : [];
}

function duplicateProblems(registries: readonly JsonObject[]): readonly Problem[] {
  const hosts = registries.map((registry) => stringField(registry, "host")).map((host) => host && canonicalHost(host));
  return hosts.flatMap((host, index) => {
    const first = hosts.indexOf(host);
    if (!host || first === index) return [];
    return [{ path: pathText(["registries", index, "host"]), message: `is the same registry as ${pathText(["registries", first, "host"])} (${host}); put their settings into one entry` }];
  });
}
