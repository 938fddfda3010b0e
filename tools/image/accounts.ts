// Who there is in the container, how names are looked up, and whom Node trusts: what no package brings.
import { rootCertificates } from "node:tls";
import { USER } from "./container.ts";
import { file, FOLDER, type Tree } from "./tree.ts";

// Read by a Node that is told `--use-system-ca`, and by people; without that, Node trusts the same by itself.
const CA_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt";

const PASSWD = ["root:x:0:0:root:/:/sbin/nologin", `nonroot:x:${USER}:${USER}:nonroot:/:/sbin/nologin`];
const GROUP = ["root:x:0:", `nonroot:x:${USER}:`];

// A runtime that finds the folders which it mounts something on need not write into the image.
const MOUNT_POINTS = ["dev", "etc/pratique", "proc", "sys", "tmp"];

/** Throws when another Node runs than the image's, whose certificate authorities are to be written down. */
export function accountsTree(nodeVersion: string): Tree {
  if (process.versions.node !== nodeVersion) {
    throw new Error(`the image has Node ${nodeVersion}, and this is ${process.versions.node}; run \`npm ci\` and then \`npm run image\``);
  }
  return new Map([
    ["etc/passwd", file(lines(PASSWD))],
    ["etc/group", file(lines(GROUP))],
    ["etc/nsswitch.conf", file("hosts: files dns\n")],
    [CA_CERTIFICATES, file(lines(rootCertificates))],
    ...MOUNT_POINTS.map((path) => [path, FOLDER] as const),
  ]);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
