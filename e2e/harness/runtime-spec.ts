// What a node tells runc (OCI runtime specification, config.md) of a container of a Pod: what the Pod asks for, and no more.
import type { CONTAINER } from "../../tools/image/container.ts";
import type { PodSpec } from "./chart.ts";

/** The configuration of the image, as far as a runtime reads it. */
export type ImageConfig = typeof CONTAINER;

export interface Mount {
  readonly source: string;
  readonly destination: string;
}

export interface ContainerSettings {
  readonly rootfs: string;
  readonly image: ImageConfig;
  readonly pod: PodSpec;
  readonly mounts: readonly Mount[];
  readonly seccomp: object;
  readonly cgroup: string;
  /** In place of what the Pod's container is told. */
  readonly args?: readonly string[];
  /** The whole command line, in place of the image's and the Pod's. */
  readonly command?: readonly string[];
  /** In place of the Pod's, as OpenShift gives one. */
  readonly user?: number;
}

const NAMESPACES = ["pid", "mount", "ipc", "uts"];
const SYSTEM_MOUNTS = [
  { destination: "/proc", type: "proc", source: "proc" },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
  { destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"] },
];
const MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"];
const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

export function runtimeSpec(settings: ContainerSettings): object {
  const { rootfs, image, pod, mounts, cgroup } = settings;
  const [container] = pod.containers;
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = container.securityContext;
  if (capabilities.drop.join(",") !== "ALL") throw new Error("the chart lets the container have capabilities");
  if (pod.securityContext.seccompProfile.type !== "RuntimeDefault") throw new Error("the chart asks for another seccomp profile than the runtime's");
  return {
    ociVersion: "1.0.2",
    hostname: "pratique",
    root: { path: rootfs, readonly: readOnlyRootFilesystem },
    process: {
      user: userOf(settings),
      args: settings.command ?? [...image.Entrypoint, ...(settings.args ?? container.args)],
      env: [...image.Env, ...(container.env ?? []).map(({ name, value }) => `${name}=${value}`)],
      cwd: image.WorkingDir,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      noNewPrivileges: !allowPrivilegeEscalation,
    },
    mounts: [...SYSTEM_MOUNTS, ...mounts.map(({ source, destination }) => ({ source, destination, type: "bind", options: ["rbind", "ro", "nosuid", "nodev"] }))],
    linux: {
      namespaces: NAMESPACES.map((type) => ({ type })),
      cgroupsPath: cgroup,
      resources: { devices: [{ allow: false, access: "rwm" }], memory: { limit: bytesOf(container.resources.limits.memory) }, pids: { limit: 256 } },
      seccomp: settings.seccomp,
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
    },
  };
}

function userOf({ pod, user }: ContainerSettings): object {
  const { runAsUser, runAsGroup, fsGroup } = pod.securityContext;
  // OpenShift's users are in the root group.
  return user === undefined ? { uid: runAsUser, gid: runAsGroup, additionalGids: [fsGroup] } : { uid: user, gid: 0, additionalGids: [user] };
}

function bytesOf(quantity: string): number {
  if (!quantity.endsWith("Mi")) throw new Error(`the chart's memory limit is ${quantity}`);
  return Number(quantity.slice(0, -2)) * 1024 * 1024;
}
