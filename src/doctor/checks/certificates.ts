import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { dateText, isTrusted, readCertificates, type Validity, validityAt } from "../certificates.ts";
import { renewal } from "../certificate-mode.ts";
import { type Finding, finding, listed, type Remedy } from "../finding.ts";
import type { Target, WebhookConfiguration, WebhookEntry } from "../read/webhook-configuration.ts";
import { whenSeen } from "../seen.ts";
import type { CertificateSecret, Installation } from "../snapshot.ts";
import { subjectOf } from "./entries.ts";

/** The API server must trust what Pratique serves. */
export function checkCertificates(installation: Installation, now: number): readonly Finding[] {
  const { configuration } = installation;
  if (configuration === undefined) return [];
  const bundles = bundlesOf(configuration);
  const remedy = renewal(installation);
  return [
    ...bundles.flatMap((bundle) => checkBundle(configuration, bundle, { now, remedy })),
    ...whenSeen(installation.certificate, (secret) => (secret === undefined ? [] : checkServed(installation.namespace, configuration, { secret, bundles, now, remedy }))),
  ];
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

function checkBundle(configuration: WebhookConfiguration, bundle: Bundle, { now, remedy }: { readonly now: number; readonly remedy: Remedy }): readonly Finding[] {
  const subject = subjectOf(configuration, `caBundle of ${namesOf(bundle)}`);
  if (bundle.text === undefined) return [finding("BundleMissing", "broken", { subject, message: "It is empty, so the API server trusts no certificate of Pratique and cannot call it.", remedy })];
  if (bundle.roots === undefined) return [finding("BundleUnreadable", "broken", { subject, message: "It holds no certificate as PEM, so the API server cannot call Pratique.", remedy })];
  const last = bundle.roots.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())[0];
  const states = new Set(bundle.roots.map((root) => validityAt(root, now)));
  if (last === undefined || states.has("valid")) return [];
  if (states.has("expiring")) return [finding("BundleExpiring", "advice", { subject, message: `The last certificate in it expires on ${dateText(last.validToDate)}, and no other has come yet.`, remedy })];
  return [finding("BundleExpired", "broken", { subject, message: `No certificate in it is valid now; the last is for ${dateText(last.validFromDate)} to ${dateText(last.validToDate)}.`, remedy })];
}

interface Served {
  readonly secret: CertificateSecret;
  readonly bundles: readonly Bundle[];
  readonly now: number;
  readonly remedy: Remedy;
}

function checkServed(namespace: string, configuration: WebhookConfiguration, { secret, bundles, now, remedy }: Served): readonly Finding[] {
  const subject: Finding["subject"] = { kind: "Secret", namespace, name: secret.secret };
  if (secret.serving === undefined || secret.serving.trim() === "") return [finding("CertificateMissing", "broken", { subject, message: "There is no serving certificate in it, so Pratique cannot be called.", remedy })];
  const chain = readCertificates(secret.serving);
  const [leaf] = chain ?? [];
  if (chain === undefined || leaf === undefined) return [finding("CertificateUnreadable", "broken", { subject, message: "`tls.crt` holds no certificate as PEM.", remedy })];
  const untrusting = bundles.filter(({ roots }) => roots !== undefined && !isTrusted(chain, roots));
  const hosts = hostsOf(configuration).filter((host) => !isFor(leaf, host));
  return [
    ...checkValidity(leaf, validityAt(leaf, now), subject, remedy),
    ...hosts.map((host) => finding("CertificateForOther", "broken", { subject, message: `It is for ${leaf.subjectAltName ?? "no name"}, and the API server calls ${host}.`, remedy })),
    ...untrusting.map((bundle) =>
      finding("CertificateUntrusted", "broken", {
        subject,
        message: `Its issuer is not in the caBundle of ${namesOf(bundle)}, so the API server does not believe it.`,
        remedy,
      }),
    ),
    ...(untrusting.length > 0 ? [] : checkAnnounced(configuration, { secret, bundles, remedy })),
  ];
}

// An authority must be believed before it signs anything.
function checkAnnounced(configuration: WebhookConfiguration, { secret: { secret, authorities }, bundles, remedy }: Omit<Served, "now">): readonly Finding[] {
  const announced = readCertificates(authorities ?? "") ?? [];
  const lacking = bundles.filter(({ roots }) => roots !== undefined && announced.some(({ fingerprint256 }) => !roots.some((root) => root.fingerprint256 === fingerprint256)));
  return lacking.map((bundle) =>
    finding("BundleIncomplete", "broken", {
      subject: subjectOf(configuration, `caBundle of ${namesOf(bundle)}`),
      message: `The Secret ${secret} has an authority in ca.crt that is not in it: once that signs the serving certificate, the API server does not believe it.`,
      remedy,
    }),
  );
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
  return [...new Set(webhooks.flatMap(({ target }) => hostOf(target)))];
}

function hostOf(target: Target): readonly string[] {
  switch (target.kind) {
    case "service":
      return [`${target.name}.${target.namespace}.svc`];
    case "url":
      return [target.host];
    case "nowhere":
      return [];
  }
}

// Go looks at subject alternative names alone.
function isFor(leaf: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? leaf.checkHost(host, { subject: "never" }) : leaf.checkIP(host)) !== undefined;
}
