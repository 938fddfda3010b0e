import { type Document, isMap, parseAllDocuments, stringify } from "yaml";

const BEGIN = "# Made by `npm run generate:manifests` from charts/pratique with its default values, and without its hooks.\n";

/** What only Helm reads, and the checksum of values that nobody changes here. */
const LEFT_OUT: readonly (readonly string[])[] = [
  ["metadata", "labels", "helm.sh/chart"],
  ["metadata", "labels", "app.kubernetes.io/managed-by"],
  ["metadata", "annotations", "helm.sh/resource-policy"],
  ["spec", "template", "metadata", "annotations", "checksum/config"],
];

/** What `helm.sh/resource-policy: keep` means to the tools that apply plain manifests: a policy outlives an installation. */
const KEPT = { "argocd.argoproj.io/sync-options": "Prune=false,Delete=false", "kustomize.toolkit.fluxcd.io/prune": "disabled" };

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: pratique-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
`;

/** The files of `deploy/manifests`, by their names, out of what Helm renders. Hooks are Helm's own, and are left out. */
export function plainManifests(rendered: string): ReadonlyMap<string, string> {
  const documents = parseAllDocuments(rendered).filter((document) => isMap(document.contents) && !document.hasIn(["metadata", "annotations", "helm.sh/hook"]));
  const ofKind = (kind: string) => documents.filter((document) => document.get("kind") === kind);
  const definitions = ofKind("CustomResourceDefinition");
  const [configuration] = ofKind("ConfigMap");
  if (configuration === undefined) throw new Error("the chart renders no ConfigMap");
  const others = documents.filter((document) => document !== configuration && !definitions.includes(document));
  return new Map([
    ["kustomization.yaml", BEGIN + kustomization(configuration)],
    ["namespace.yaml", BEGIN + NAMESPACE],
    ["crds.yaml", BEGIN + textOf(definitions)],
    ["install.yaml", BEGIN + textOf(others)],
    ["pratique.yaml", `# The configuration: docs/configuration.md. As it is here, everything has its default.\n${String(configuration.getIn(["data", "pratique.yaml"]))}`],
  ]);
}

// The ConfigMap is kustomize's to make: it names it by its content, so that a changed configuration replaces the Pods.
function kustomization(configuration: Document): string {
  for (const path of LEFT_OUT) remove(configuration, path);
  const { name, namespace, labels } = (configuration.toJS() as { readonly metadata: Readonly<Record<string, unknown>> }).metadata;
  return stringify({
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: ["namespace.yaml", "crds.yaml", "install.yaml"],
    configMapGenerator: [{ name, namespace, files: ["pratique.yaml"], options: { labels } }],
  });
}

function textOf(documents: readonly Document[]): string {
  return documents.map((document) => `---\n${plain(document)}`).join("");
}

function plain(document: Document): string {
  if (document.getIn(["metadata", "annotations", "helm.sh/resource-policy"]) === "keep") {
    for (const [key, value] of Object.entries(KEPT)) document.setIn(["metadata", "annotations", key], value);
  }
  for (const path of LEFT_OUT) remove(document, path);
  document.commentBefore = withoutSource(document.commentBefore);
  if (isMap(document.contents)) document.contents.commentBefore = withoutSource(document.contents.commentBefore);
  return document.toString({ lineWidth: 0, directives: false }).replace(/^---\n/, "").trimStart();
}

// An empty map that is left behind would be a field that the chart does not have.
function remove(document: Document, path: readonly string[]): void {
  if (!document.hasIn(path)) return;
  document.deleteIn(path);
  const parent = path.slice(0, -1);
  const map = document.getIn(parent);
  if (isMap(map) && map.items.length === 0) document.deleteIn(parent);
}

function withoutSource(comment: string | null | undefined): string | null {
  return comment?.split("\n").filter((line) => !line.startsWith(" Source: ")).join("\n") || null;
}
