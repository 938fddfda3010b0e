import { advise, type Finding, finding } from "../finding.ts";
import { word } from "../patch.ts";
import { whenSeen } from "../seen.ts";
import type { Installation } from "../snapshot.ts";

/** The Service between the entries and the Pods. Entries that ignore failures would hide that it leads nowhere. */
export function checkService({ namespace, serviceName, release, configuration, deployment, service }: Installation): readonly Finding[] {
  if (configuration?.webhooks.every(({ target }) => target.kind === "url") ?? true) return [];
  return whenSeen(service, (found) =>
    whenSeen(deployment, (workload) => {
      if (workload === undefined) return [];
      const astray = [...(found?.selector ?? [])].filter(([key, value]) => workload.podLabels.get(key) !== value).map(([key, value]) => `${key}=${value}`);
      if (found !== undefined && astray.length === 0) return [];
      const message = found === undefined ? "The entries name it, and it is not there: nobody can be called." : `It selects ${astray.join(", ")}, which the Pods of Deployment ${workload.name} are not labelled with: nobody can be called.`;
      return [finding("ServiceAstray", "broken", { subject: { kind: "Service", namespace, name: serviceName }, message, remedy: advise("Apply the chart again.", `helm upgrade ${word(release)} charts/pratique -n ${word(namespace)} --reuse-values`) })];
    }),
  );
}
