// Where each foreign program comes from. Versions of what is built from a module of ours stand in that module's go.mod.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How one program is had. `version` is a part of its place in the cache. */
export type Recipe = { readonly name: string; readonly version: string } & (
  /** `go build` of a package, with the dependencies that one of the modules beside this file pins. */
  | { readonly kind: "build"; readonly module: string; readonly package: string; readonly stamp: string | undefined }
  /** `go install` of a module that pins its own dependencies; `program` is the name that Go gives the result. */
  | { readonly kind: "install"; readonly package: string; readonly program: string }
  /** No program but definitions of resources: made of Go types as their project makes them, in one YAML file. */
  | { readonly kind: "definitions"; readonly module: string; readonly types: string; readonly resources: readonly string[] }
  /** A file out of a Debian package, which is unpacked and not installed. `version` is that of the upstream series. */
  | { readonly kind: "debian"; readonly package: string; readonly file: string }
);

const KUBERNETES = "k8s.io/kubernetes";
const MONITORING = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring";
const GGCR = "github.com/google/go-containerregistry";
const CERT_MANAGER = "github.com/cert-manager/cert-manager";

/** In the order in which they are built: what takes long comes last. */
export const RECIPES = [
  debian("docker-registry", "2.8", { package: "docker-registry", file: "usr/bin/docker-registry" }),
  debian("prometheus", "2.42", { package: "prometheus", file: "usr/bin/prometheus" }),
  debian("promtool", "2.42", { package: "prometheus", file: "usr/bin/promtool" }),
  debian("runc", "1.1", { package: "runc", file: "usr/sbin/runc" }),
  debian("seccomp-profile", "0.50", { package: "golang-github-containers-common", file: "usr/share/containers/seccomp.json" }),
  debian("qemu-aarch64", "7.2", { package: "qemu-user-static", file: "usr/bin/qemu-aarch64-static" }),
  debian("qemu-x86_64", "7.2", { package: "qemu-user-static", file: "usr/bin/qemu-x86_64-static" }),
  build("registry", { module: "registry", package: ".", versionOf: GGCR }),
  build("crane", { module: "registry", package: `${GGCR}/cmd/crane`, versionOf: GGCR }),
  definitions("monitoring-definitions", { module: "monitoring", types: MONITORING, versionOf: MONITORING, resources: ["servicemonitors", "podmonitors", "prometheusrules"] }),
  definitions("cert-manager-definitions", { module: "cert-manager", types: `${CERT_MANAGER}/pkg/apis/certmanager`, versionOf: CERT_MANAGER, resources: ["certificates", "certificaterequests", "issuers", "clusterissuers"] }),
  build("references", { module: "references", package: ".", versionOf: "github.com/distribution/reference" }),
  build("cert-manager", { module: "cert-manager", package: ".", versionOf: CERT_MANAGER }),
  build("etcd", { module: "kubernetes", package: "go.etcd.io/etcd/server/v3", versionOf: "go.etcd.io/etcd/server/v3" }),
  build("kubectl", { module: "kubernetes", package: `${KUBERNETES}/cmd/kubectl`, versionOf: KUBERNETES }),
  build("kube-apiserver", { module: "kubernetes", package: `${KUBERNETES}/cmd/kube-apiserver`, versionOf: KUBERNETES }),
  build("kube-controller-manager", { module: "kubernetes", package: `${KUBERNETES}/cmd/kube-controller-manager`, versionOf: KUBERNETES }),
  // jq in Go: Debian's needs libraries that a machine may not have.
  install("gojq", "github.com/itchyny/gojq/cmd/gojq", "0.12.17"),
  install("helm3", "helm.sh/helm/v3/cmd/helm", "3.22.0"),
  install("helm4", "helm.sh/helm/v4/cmd/helm", "4.3.1"),
  install("cosign2", "github.com/sigstore/cosign/v2/cmd/cosign", "2.6.5"),
  install("cosign3", "github.com/sigstore/cosign/v3/cmd/cosign", "3.1.3"),
] as const satisfies readonly Recipe[];

export type ProgramName = (typeof RECIPES)[number]["name"];

/** The folder of a module of ours. */
export function moduleFolder(module: string): string {
  return join(import.meta.dirname, module);
}

function build<Name extends string>(name: Name, from: { module: string; package: string; versionOf: string }) {
  const pinned = pinnedVersion(from.module, from.versionOf);
  const version = from.package === "." ? `${pinned}-${sourceHash(from.module)}` : pinned;
  // Kubernetes programs refuse to work together when they cannot tell their version.
  const stamp = from.module === "kubernetes" ? `k8s.io/component-base/version.gitVersion=v${pinned}` : undefined;
  return { kind: "build", name, version, module: from.module, package: from.package, stamp } as const;
}

function definitions<Name extends string>(name: Name, from: { module: string; types: string; versionOf: string; resources: readonly string[] }) {
  return { kind: "definitions", name, version: pinnedVersion(from.module, from.versionOf), ...from } as const;
}

function install<Name extends string>(name: Name, packagePath: string, version: string) {
  return { kind: "install", name, version, package: `${packagePath}@v${version}`, program: packagePath.slice(packagePath.lastIndexOf("/") + 1) } as const;
}

function debian<Name extends string>(name: Name, version: string, from: { package: string; file: string }) {
  return { kind: "debian", name, version, ...from } as const;
}

// What we wrote ourselves has no version, and must not be taken from the cache once it has changed.
function sourceHash(module: string): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(moduleFolder(module)).sort()) hash.update(readFileSync(join(moduleFolder(module), file)));
  return hash.digest("hex").slice(0, 8);
}

function pinnedVersion(module: string, dependency: string): string {
  const file = join(moduleFolder(module), "go.mod");
  const line = readFileSync(file, "utf8").split("\n").find((line) => line.replace("require ", "").trim().startsWith(`${dependency} v`));
  if (line === undefined) throw new Error(`${file} does not require ${dependency}`);
  return line.slice(line.lastIndexOf(" v") + 2).trim();
}
