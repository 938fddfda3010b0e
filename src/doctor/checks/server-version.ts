import { advise, type Finding, finding } from "../finding.ts";
import { type Seen, whenSeen } from "../seen.ts";
import { TESTED_MINORS } from "../tested-versions.ts";

/** The API server against the versions that Pratique was tested with. */
export function checkServerVersion(version: Seen<string>): readonly Finding[] {
  return whenSeen(version, (text) => {
    const subject: Finding["subject"] = { kind: "Cluster", name: "cluster", part: `API server ${text}` };
    const minor = Number(/^v?1\.(\d+)/.exec(text)?.[1]);
    const { oldest, newest } = TESTED_MINORS;
    if (minor < oldest) return [finding("ServerTooOld", "broken", { subject, message: `Pratique is for Kubernetes 1.${oldest} and newer.`, remedy: advise("Upgrade the cluster.") })];
    if (minor <= newest) return [];
    return [finding("ServerUntested", "advice", { subject, message: `Pratique was tested up to Kubernetes 1.${newest}.`, remedy: advise("See whether a newer Pratique was tested with it, and rehearse with `warn` first.") })];
  });
}
