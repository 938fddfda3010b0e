import { ClusterError } from "../adapters/kubernetes/cluster-error.ts";
import { composeDoctor, type DoctorParts } from "../app/doctor.ts";
import type { ClusterSource } from "../adapters/kubernetes/kubeconfig.ts";
import { type Diagnosis, diagnose } from "../doctor/diagnose.ts";
import { lookAt } from "../doctor/look.ts";
import { UnreadableError } from "../doctor/ports.ts";
import { renderDoctorJson } from "./doctor-json.ts";
import { parseDoctorOptions } from "./doctor-options.ts";
import { renderDoctorText } from "./doctor-text.ts";
import type { ExitStatus, Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { UsageError } from "./usage-error.ts";

/** Looks at what is installed and prints what is wrong with it. */
export async function doctor(args: readonly string[], io: Io): Promise<ExitStatus> {
  const { namespace, ask, cluster, output } = parseDoctorOptions(args);
  const parts = await compose(cluster);
  const progress = new Progress(io.stderr, parts.ports.timer, undefined);
  try {
    const snapshot = await lookAt(parts.ports, { namespace, ask, signal: new AbortController().signal });
    progress.end();
    const diagnosis = diagnose(snapshot);
    io.stdout.write(output === "json" ? renderDoctorJson(snapshot, diagnosis) : renderDoctorText(snapshot, diagnosis, io.stdout));
    return statusOf(diagnosis);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    progress.say(`pratique: cannot look: ${error.message}`);
    return 2;
  } finally {
    progress.end();
    await parts.close();
  }
}

async function compose(cluster: ClusterSource): Promise<DoctorParts> {
  try {
    return await composeDoctor(cluster);
  } catch (error) {
    if (error instanceof ClusterError) throw new UsageError(error.message);
    throw error;
  }
}

// What was not looked at may be wrong in any way.
function statusOf({ findings, unseen }: Diagnosis): ExitStatus {
  if (findings.some(({ severity }) => severity !== "advice")) return 1;
  return unseen.length > 0 ? 2 : 0;
}
