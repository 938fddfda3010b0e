import type { X509Certificate } from "node:crypto";
import { dateText, isTrusted, readCertificates, type Validity, validityAt } from "../certificates.ts";
import { type Finding, finding, listed } from "../finding.ts";
import { word } from "../patch.ts";
import type { WebhookConfiguration, WebhookEntry } from "../read/webhook-configuration.ts";
import { whenSeen } from "../seen.ts";
import type { CertificateSecret, Installation } from "../snapshot.ts";
import { subjectOf } from "./entries.ts";

/** The API server must trust what Pratique serves. */
export function checkCertificates(installation: Installation, now: number): readonly Finding[] {
  const { configuration } = installation;
  if (configuration === undefined) return [];
  const bundles = bundlesOf(configuration);
  return [...bundles.flatMap((bundle) => checkBundle(configuration, bundle, now)), ...whenSeen(installation.certificate, (secret) => checkServed(installation, configuration, { secret, bundles, now }))];
}

/** The entries that have the same `caBundle`. */
interface Bundle {
  readonly text: string | undefined;
  readonly roots: readonly X509Certificate[] | undefined;
  readonly entries: readonly WebhookEntry[];
}

function bundlesOf({ webhooks }: WebhookConfiguration): readonly Bundle[] {
  const texts = [...new Set(webhooks.map(({ caBundle }) => caBundle))];
  return texts.map((text) => ({ text, roots: text === undefined ? undefined : readCertificates(Buffer.from(text, "base64").toString("latin1")), entries: webhooks.filter(({ caBundle }) => caBundle === text) }));
}

function namesOf({ entries }: Bundle): string {
  return listed(entries.map(({ name }) => name), 6);
}

const FILLED = "In the mode `managed` Pratique fills it in by itself: see its log. In `cert-manager` the CA injector does: kubectl describe certificate. In `secret` it is the chart value `certificate.caBundle`.";

function checkBundle(configuration: WebhookConfiguration, bundle: Bundle, now: number): readonly Finding[] {
  const subject = subjectOf(configuration, `caBundle of ${namesOf(bundle)}`);
  if (bundle.text === undefined) return [finding("BundleMissing", "broken", { subject, message: "It is empty, so the API server trusts no certificate of Pratique and cannot call it.", remedy: { text: FILLED } })];
  if (bundle.roots === undefined) return [finding("BundleUnreadable", "broken", { subject, message: "It holds no certificate as PEM, so the API server cannot call Pratique.", remedy: { text: FILLED } })];
  const last = bundle.roots.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())[0];
  const states = new Set(bundle.roots.map((root) => validityAt(root, now)));
  if (last === undefined || states.has("valid")) return [];
  if (states.has("expiring")) return [finding("BundleExpiring", "advice", { subject, message: `The last certificate in it expires on ${dateText(last.validToDate)}, and no other has come yet.`, remedy: { text: FILLED } })];
  return [finding("BundleExpired", "broken", { subject, message: `No certificate in it is valid now; the last is for ${dateText(last.validFromDate)} to ${dateText(last.validToDate)}.`, remedy: { text: FILLED } })];
}

interface Served {
  readonly secret: CertificateSecret;
  readonly bundles: readonly Bundle[];
  readonly now: number;
}

function checkServed({ namespace, release }: Installation, configuration: WebhookConfiguration, { secret, bundles, now }: Served): readonly Finding[] {
  const subject: Finding["subject"] = { kind: "Secret", namespace, name: secret.secret };
  const renew = { text: `Have it made anew. In the mode \`managed\` Pratique does so by itself: see its log. In \`cert-manager\`: kubectl describe certificate -n ${namespace}. In \`secret\`, put another into the Secret.` };
  if (secret.pem === undefined || secret.pem.trim() === "") return [finding("CertificateMissing", "broken", { subject, message: "There is no serving certificate in it, so Pratique cannot be called.", remedy: renew })];
  const chain = readCertificates(secret.pem);
  const [leaf] = chain ?? [];
  if (chain === undefined || leaf === undefined) return [finding("CertificateUnreadable", "broken", { subject, message: "`tls.crt` holds no certificate as PEM.", remedy: renew })];
  const untrusting = bundles.filter(({ roots }) => roots !== undefined && !isTrusted(chain, roots));
  const hosts = hostsOf(configuration).filter((host) => !isFor(leaf, host));
  return [
    ...checkValidity(leaf, validityAt(leaf, now), subject, renew),
    ...hosts.map((host) => finding("CertificateForOther", "broken", { subject, message: `It is for ${leaf.subjectAltName ?? "no name"}, and the API server calls ${host}.`, remedy: renew })),
    ...untrusting.map((bundle) =>
      finding("CertificateUntrusted", "broken", {
        subject,
        message: `Its issuer is not in the caBundle of ${namesOf(bundle)}, so the API server does not believe it.`,
        remedy: { text: `${FILLED} With helm: helm upgrade ${word(release)} charts/pratique -n ${word(namespace)} --reuse-values --set-file certificate.caBundle=ca.crt` },
      }),
    ),
  ];
}

function checkValidity({ validFromDate, validToDate }: X509Certificate, validity: Validity, subject: Finding["subject"], remedy: Finding["remedy"]): readonly Finding[] {
  switch (validity) {
    case "valid":
      return [];
    case "expiring":
      return [finding("CertificateExpiring", "advice", { subject, message: `It expires on ${dateText(validToDate)}, and should have been renewed by now.`, remedy })];
    case "not-yet":
    case "expired":
      return [finding("CertificateExpired", "broken", { subject, message: `It is valid from ${dateText(validFromDate)} to ${dateText(validToDate)}, and not now.`, remedy })];
  }
}

function hostsOf({ webhooks }: WebhookConfiguration): readonly string[] {
  return [...new Set(webhooks.map(({ target }) => (target.kind === "service" ? `${target.name}.${target.namespace}.svc` : target.host)))];
}

// Go looks at subject alternative names alone.
function isFor(leaf: X509Certificate, host: string): boolean {
  return leaf.checkHost(host, { subject: "never" }) !== undefined || leaf.checkIP(host) !== undefined;
}
