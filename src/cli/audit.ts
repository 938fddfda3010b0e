import { ClusterError } from "../adapters/kubernetes/cluster-error.ts";
import { SYSTEM_TIMER } from "../adapters/kubernetes/timer.ts";
import { type AuditCall, type AuditParts, composeAudit } from "../app/audit.ts";
import { StartError } from "../app/start-error.ts";
import type { AuditReport } from "../audit/report.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { DockerConfigError } from "../inspection/docker-config.ts";
import { renderAuditJson } from "./audit-json.ts";
import { type AuditOptions, parseAuditOptions } from "./audit-options.ts";
import { renderAuditText } from "./audit-text.ts";
import { readConfig } from "./configuration.ts";
import type { ExitStatus, Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { statusOf } from "./status.ts";
import { UsageError } from "./usage-error.ts";

/** Judges what a cluster runs and prints what was found. */
export async function audit(args: readonly string[], io: Io): Promise<ExitStatus> {
  const options = parseAuditOptions(args);
  const config = await readConfig(options.config);
  if (config.namespaces !== undefined) throw new UsageError("the configuration has `namespaces`, so that no API server is asked, and an audit looks at a cluster; take them out");
  const progress = new Progress(io.stderr, SYSTEM_TIMER, undefined);
  try {
    const report = await run(config, io, options, progress);
    progress.end();
    io.stdout.write(options.output === "json" ? renderAuditJson(report) : renderAuditText(report, io.stdout));
    return status(report);
  } finally {
    progress.end();
  }
}

async function run(config: Config, io: Io, { scope, level, cluster }: AuditOptions, progress: Progress): Promise<AuditReport> {
  const warnings = new Set<string>();
  const defect = (cause: unknown): void => progress.say(`an unexpected error: ${messageOf(cause)}`);
  const parts = await compose(config, io, { cluster, scope, defect, warn: (line) => warnings.add(line) });
  try {
    const report = await parts.audit.run({
      scope: parts.scope,
      level,
      unasked: "judge",
      signal: new AbortController().signal,
      progress: { listed: (images) => progress.expect(images), judged: () => progress.step() },
    });
    for (const problem of report.problems) progress.say(`not looked at: ${problem}`);
    for (const warning of warnings) progress.say(`note: ${warning}`);
    return report;
  } finally {
    await parts.close();
  }
}

async function compose(config: Config, io: Io, call: AuditCall): Promise<AuditParts> {
  try {
    return await composeAudit(config, io.env, call);
  } catch (error) {
    if (error instanceof ClusterError || error instanceof DockerConfigError || error instanceof StartError) throw new UsageError(error.message);
    throw error;
  }
}

// What could not be listed may hold anything.
function status({ findings, problems }: AuditReport): ExitStatus {
  const judged = statusOf(findings.map(({ judgement }) => judgement.verdict));
  return judged === 0 && problems.length > 0 ? 2 : judged;
}
