import type { Diagnosis } from "../doctor/diagnose.ts";
import type { Finding } from "../doctor/finding.ts";
import type { Installation, Snapshot } from "../doctor/snapshot.ts";
import { entryName } from "../doctor/trial.ts";

/** The machine's view (docs/doctor.md): one document, and null for what is unknown or does not apply. */
export function renderDoctorJson(snapshot: Snapshot, { findings, unseen }: Diagnosis): string {
  const { serverVersion, installations } = snapshot;
  const document = {
    apiServer: serverVersion.kind === "seen" ? serverVersion.value : null,
    installations: installations.map(installationJson),
    findings: findings.map(findingJson),
    notLookedAt: unseen,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function installationJson({ namespace, name, release, configuration, deployment, replies }: Installation): object {
  const known = deployment.kind === "seen" ? deployment.value : undefined;
  return {
    namespace,
    name,
    release,
    webhookConfiguration: configuration?.name ?? null,
    image: known?.image ?? null,
    replicas: known?.replicas ?? null,
    ready: known?.ready ?? null,
    asked: replies.map(({ entry, reply, milliseconds }) => ({ entry: entryName(entry), reply: reply.kind, milliseconds })),
  };
}

function findingJson({ code, severity, subject, message, remedy }: Finding): object {
  const { kind, namespace, name, part } = subject;
  return { code, severity, subject: { kind, namespace: namespace ?? null, name, part: part ?? null }, message, remedy: remedy.text, commands: remedy.commands };
}
