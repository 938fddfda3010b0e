// Cases as data. A folder of e2e/cases holds `objects.yaml`, whose last object is the question and whose others prepare
// it, and `expect.json`, which says what must come of it; with `rows`, once for each of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { AuditEvent, Cluster, Manifest } from "./cluster.ts";
import { dockerConfigJson } from "./author.ts";
import { until } from "./process.ts";
import { REGISTRY_NAMES } from "./registries.ts";
import type { World } from "./world.ts";

export interface Expectation {
  /** What kubectl must be told: nothing bad, a refusal (403) or that the object is invalid (422). */
  readonly outcome: "admitted" | "refused" | "invalid";
  /** Words that kubectl prints, besides warnings. */
  readonly says?: readonly string[];
  /** Words that must not be printed at all. */
  readonly neverSays?: readonly string[];
  /** Words of the warnings; without any, there must be no warning of ours. */
  readonly warns?: readonly string[];
  /** Words of audit annotations, by their whole key; `null`: there must be none of that key. */
  readonly audit?: Readonly<Record<string, string | null>>;
}

/** How the question is put. */
interface Question {
  /** `create` when absent. */
  readonly verb?: "create" | "apply";
  readonly flags?: readonly string[];
}

interface Row extends Expectation, Question {
  /** What `${...}` stands for in the objects and the expected words. */
  readonly with?: Readonly<Record<string, string>>;
}

export interface Case extends Row {
  /** The folder's name, and the row's number when there are several. */
  readonly name: string;
  readonly objects: string;
}

export interface CaseResult {
  readonly status: number | null;
  readonly stderr: string;
  readonly audit: Readonly<Record<string, string>>;
}

const VERBS = { create: ["create"], apply: ["apply", "--server-side", "--force-conflicts"] } as const;
const FOLDER = join(import.meta.dirname, "../cases");

/** All cases, a row of a folder each. */
export function readCases(): readonly Case[] {
  return readdirSync(FOLDER).sort().flatMap((folder) => {
    const objects = readFileSync(join(FOLDER, folder, "objects.yaml"), "utf8");
    const { rows, ...shared } = JSON.parse(readFileSync(join(FOLDER, folder, "expect.json"), "utf8")) as Row & { readonly rows?: readonly Row[] };
    const all: readonly Row[] = rows ?? [{} as Row];
    return all.map((row, i) => Object.assign({}, shared, row, { name: rows === undefined ? folder : `${folder}-${i + 1}`, objects }));
  });
}

/** Prepares a case in a namespace of its own, puts its question with kubectl, and reads what the API server noted. */
export async function run(each: Case, world: World): Promise<CaseResult> {
  const documents = parseAllDocuments(expand(each.objects, each, world)).map((document) => document.toJS() as Manifest);
  const question = documents.pop();
  if (question === undefined) throw new Error(`${each.name} has no objects`);
  for (const [i, object] of documents.entries()) await prepare(object, documents.slice(0, i), each.name, world.cluster);
  const args = [...VERBS[each.verb ?? "create"], "-n", each.name, ...(each.flags ?? []), "-f", "-"];
  const { status, stderr } = await world.cluster.kubectl(args, { input: JSON.stringify(question) });
  return { status, stderr, audit: lastAnnotations(await world.cluster.auditEvents(), each.name) };
}

/** The expected words, with what their placeholders stand for. */
export function expected(each: Case, world: World): Expectation {
  const { outcome, says, neverSays, warns, audit } = each;
  return JSON.parse(expand(JSON.stringify({ outcome, says, neverSays, warns, audit }), each, world)) as Expectation;
}

async function prepare(object: Manifest, before: readonly Manifest[], namespace: string, cluster: Cluster): Promise<void> {
  await cluster.apply(object, namespace);
  if (object.kind !== "Namespace") return;
  if (before.some(({ kind }) => kind === "Namespace")) return enforcement(namespace, cluster);
  // What kube-controller-manager would do.
  await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }, namespace);
}

/** Waits until the API server, which reads a namespace's new labels from a cache of its own, acts by them. */
export async function enforcement(namespace: string, cluster: Cluster): Promise<void> {
  const probe = { metadata: { name: "probe" }, spec: { containers: [{ name: "probe", image: "Not/An/Image" }] } };
  await until(`namespace ${namespace} is enforced`, async () => {
    const { status } = await cluster.call("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, probe);
    return status === 403 ? true : undefined;
  });
}

function lastAnnotations(events: readonly AuditEvent[], namespace: string): Readonly<Record<string, string>> {
  const ours = events.filter(({ objectRef }) => objectRef?.namespace === namespace || (objectRef?.resource === "namespaces" && objectRef.name === namespace));
  return ours.at(-1)?.annotations ?? {};
}

// `${plain}` and the like are registries, `${digest:NAME}` an image's digest; the rest stands in the row.
function expand(text: string, each: Case, world: World): string {
  return text.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    const value = each.with?.[name];
    return value === undefined ? builtIn(name, each, world) : expand(value, each, world);
  });
}

function builtIn(name: string, each: Case, world: World): string {
  if (name === "namespace") return each.name;
  if (name === "pull-secret") return Buffer.from(dockerConfigJson(REGISTRY_NAMES.map((known) => world.registry(known)))).toString("base64");
  if (name.startsWith("digest:")) return world.digest(name.slice("digest:".length));
  const registry = REGISTRY_NAMES.find((known) => known === name);
  if (registry === undefined) throw new Error(`${each.name} does not say what \${${name}} stands for`);
  return world.registry(registry).host;
}
