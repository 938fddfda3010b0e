// The installation without Helm: plain manifests, kustomize, and what GitOps tools do with either, on a real API server.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { parseConfig } from "../src/config.ts";
import { isObject } from "../src/json.ts";
import { plainManifests } from "../tools/manifests/plain.ts";
import { type KubernetesObject, objectsIn, only, RELEASE_NAMESPACE, renderChart, renderText } from "./harness/chart.ts";
import { startCluster } from "./harness/cluster.ts";
import type { Outcome } from "./harness/process.ts";
import { PLANS } from "./plans.ts";

t.plan(PLANS.manifests);

const ROOT = join(import.meta.dirname, "..");
const MANIFESTS = join(ROOT, "deploy/manifests");
const cluster = await startCluster();
t.teardown(() => cluster.stop());

await cluster.kubectl(["apply", "-f", join(MANIFESTS, "namespace.yaml")]);

async function built(folder: string): Promise<readonly KubernetesObject[]> {
  const { status, stdout, stderr } = await cluster.kubectl(["kustomize", join(ROOT, "deploy", folder)]);
  if (status !== 0) throw new Error(stderr);
  return objectsIn(stdout);
}

function apply(objects: readonly KubernetesObject[], ...flags: readonly string[]): Promise<Outcome> {
  return cluster.kubectl(["apply", "--validate=strict", "-f", "-", ...flags], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) });
}

t.test("the plain manifests are what the chart renders (npm run generate:manifests)", async (t) => {
  const files = plainManifests(await renderText({ uninstallHook: { enabled: false } }));
  t.strictSame((await readdir(MANIFESTS)).sort(), [...files.keys()].sort());
  for (const [name, content] of files) t.equal(await readFile(join(MANIFESTS, name), "utf8"), content, name);
});

t.test("they hold the chart's objects, without anything of Helm", async (t) => {
  const plain = await built("manifests");
  const rendered = await renderChart({});
  const names = (objects: readonly KubernetesObject[]) => objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name.replace(/^pratique-[a-z0-9]{10}$/, "pratique")}`).sort();
  t.strictSame(names(plain), [...names(rendered), "Namespace/undefined/pratique-system"].sort());
  t.notMatch(JSON.stringify(plain), /helm/i);
  const definitions = plain.filter(({ kind }) => kind === "CustomResourceDefinition");
  t.equal(definitions.length, 2);
  for (const { metadata } of definitions) t.match(metadata.annotations, { "argocd.argoproj.io/sync-options": /Delete=false/, "kustomize.toolkit.fluxcd.io/prune": "disabled" }, "policies outlive an installation");
  const { containers, volumes } = only(plain, "Deployment").spec.template.spec;
  t.strictSame(containers[0].args, only(rendered, "Deployment").spec.template.spec.containers[0].args);
  t.match(volumes, [{ name: "config", configMap: { name: only(plain, "ConfigMap").metadata.name } }], "a changed configuration has another name, and replaces the Pods");
});

t.test("an overlay brings a configuration and the CA of a registry", async (t) => {
  const objects = await built("overlays/private-registry");
  const config = only(objects, "ConfigMap");
  t.match(parseConfig(config.data["pratique.yaml"], "overlay"), { registries: [{ host: "harbor.example.com", allowPrivate: true }] });
  t.not(config.metadata.name, only(await built("manifests"), "ConfigMap").metadata.name);
  const { containers, volumes } = only(objects, "Deployment").spec.template.spec;
  const { containers: byChart, volumes: volumesByChart } = only(await renderChart({ registryCA: { configMapName: "corporate-ca" } }), "Deployment").spec.template.spec;
  t.strictSame(containers[0].env, byChart[0].env);
  t.strictSame(byName(containers[0].volumeMounts), byName(byChart[0].volumeMounts));
  t.match(volumes, [volumesByChart[1], { name: "config", configMap: { name: config.metadata.name } }]);
  await acceptedStrictly(t, objects);
});

async function acceptedStrictly(t: Test, objects: readonly KubernetesObject[]): Promise<void> {
  const { status, stderr } = await apply(objects, "--server-side", "--dry-run=server");
  t.equal(status, 0, stderr);
}

function byName(mounts: readonly unknown[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries((mounts as readonly { readonly name: string }[]).map((mount) => [mount.name, mount]));
}

t.test("an overlay pins the image", async (t) => {
  const objects = await built("overlays/pinned-image");
  t.match(only(objects, "Deployment").spec.template.spec.containers[0].image, /^registry\.example\.com\/mirror\/pratique@sha256:[0-9a-f]{64}$/);
  await acceptedStrictly(t, objects);
});

/** How the tools apply what they have rendered. */
const APPLIERS: Readonly<Record<string, readonly string[]>> = {
  "kubectl apply": [],
  "kubectl apply --server-side": ["--server-side"],
  "Argo CD with ServerSideApply": ["--server-side", "--force-conflicts", "--field-manager=argocd-controller"],
  Flux: ["--server-side", "--force-conflicts", "--field-manager=kustomize-controller"],
};

for (const [name, flags] of Object.entries(APPLIERS)) {
  t.test(`${name}: everything is accepted strictly, and what Pratique fills in stays`, async (t) => {
    const objects = await built("manifests");
    const applied = await apply(objects, ...flags);
    t.equal(applied.status, 0, applied.stderr);
    t.notMatch(applied.stderr, /warning/i);
    await fillIn(t);
    const again = await apply(objects, ...flags);
    t.equal(again.status, 0, again.stderr);
    t.strictSame(await filledIn(), FILLED, "a second time, nothing is lost");
    const others = objects.filter(({ kind }) => kind !== "Namespace");
    const { status } = await cluster.kubectl(["delete", "--wait=false", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: others }) });
    t.equal(status, 0);
    await cluster.kubectl(["wait", "--for=delete", "crd/clustertrustpolicies.pratique.dev", "crd/trustpolicies.pratique.dev", "--timeout=30s"]);
  });
}

const FILLED = { caBundle: "Q0E=", secret: "a2V5", holder: "a" };
const WRITES: readonly (readonly [resource: string, name: string, patch: object])[] = [
  ["validatingwebhookconfiguration", "pratique", { webhooks: [{ name: "enforce.pratique.dev", clientConfig: { caBundle: FILLED.caBundle } }] }],
  ["secret", "pratique-certificate", { data: { "tls.key": FILLED.secret } }],
  ["lease", "pratique-policy-status", { spec: { holderIdentity: FILLED.holder } }],
];

/** Writes what the program writes, by its name, which is the one that GitOps tools are told to leave alone. */
async function fillIn(t: Test): Promise<void> {
  for (const [resource, name, patch] of WRITES) {
    const { status, stderr } = await cluster.kubectl(["patch", resource, name, "-n", RELEASE_NAMESPACE, "--type=strategic", "--field-manager=pratique", "-p", JSON.stringify(patch)]);
    t.equal(status, 0, stderr);
  }
}

async function filledIn(): Promise<typeof FILLED> {
  const [configuration, secret, lease] = await Promise.all(WRITES.map(async ([resource, name]) => JSON.parse((await cluster.kubectl(["get", resource, name, "-n", RELEASE_NAMESPACE, "-o", "json"])).stdout) as Record<string, never>));
  return { caBundle: configuration?.["webhooks"]?.[0]?.["clientConfig"]?.["caBundle"] ?? "", secret: secret?.["data"]?.["tls.key"] ?? "", holder: lease?.["spec"]?.["holderIdentity"] ?? "" };
}

t.test("the objects on the pages are those of their tools, and their values are the chart's", async (t) => {
  const objects = (await Promise.all(["docs/install.md", "docs/gitops.md", "charts/pratique/README.md"].map(yamlBlocks))).flat();
  const values: unknown[] = [];
  for (const { page, text } of objects) {
    for (const object of objectsIn(text)) {
      if (object.apiVersion === undefined) values.push(object);
      else values.push(...valuesOf(object));
      if (object.kind !== undefined) t.match(KINDS[object.kind], object.apiVersion, `${page}: ${object.kind}`);
    }
  }
  t.ok(values.length >= 6, "there are values to be tried");
  for (const value of values) {
    const rendered = await renderChart(value).catch((error: Error) => error);
    t.notOk(rendered instanceof Error, JSON.stringify(value), { rendered });
  }
});

t.test("what GitOps tools are told to ignore is what Pratique writes", async (t) => {
  const objects = (await yamlBlocks("docs/gitops.md")).flatMap(({ text }) => objectsIn(text));
  const application = objects.find(({ kind }) => kind === "Application")?.["spec"] as { readonly ignoreDifferences: readonly { readonly kind: string; readonly managedFieldsManagers: readonly string[] }[]; readonly syncPolicy: { readonly syncOptions: readonly string[] } };
  t.strictSame(application.ignoreDifferences.map(({ kind }) => kind).sort(), ["Lease", "Secret", "ValidatingWebhookConfiguration"]);
  for (const { managedFieldsManagers } of application.ignoreDifferences) t.strictSame(managedFieldsManagers, ["pratique"]);
  for (const option of ["RespectIgnoreDifferences=true", "ServerSideApply=true"]) t.ok(application.syncPolicy.syncOptions.includes(option), option);
});

const KINDS: Readonly<Record<string, string>> = {
  Application: "argoproj.io/v1alpha1",
  ClusterTrustPolicy: "pratique.dev/v1alpha1",
  GitRepository: "source.toolkit.fluxcd.io/v1",
  HelmRelease: "helm.toolkit.fluxcd.io/v2",
  HelmRepository: "source.toolkit.fluxcd.io/v1",
  Kustomization: "kustomize.toolkit.fluxcd.io/v1",
  Namespace: "v1",
  OCIRepository: "source.toolkit.fluxcd.io/v1",
};

interface Block {
  readonly page: string;
  readonly text: string;
}

async function yamlBlocks(page: string): Promise<readonly Block[]> {
  const text = await readFile(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = ""]) => ({ page, text }));
}

function valuesOf({ kind, spec }: KubernetesObject): readonly unknown[] {
  if (!isObject(spec)) return [];
  if (kind === "HelmRelease") return [spec["values"] ?? {}];
  const source = isObject(spec["source"]) ? spec["source"] : {};
  return kind === "Application" && isObject(source["helm"]) ? [source["helm"]["valuesObject"] ?? {}] : [];
}
