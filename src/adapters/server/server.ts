import type { Server } from "node:http";
import type { SecureContextOptions } from "node:tls";

import type { Clock } from "../../inspection/ports.ts";
import type { ServingCertificate } from "./certificate.ts";
import type { CertificateSource } from "./certificate-source.ts";
import { closeServer, type Endpoint, listenOn } from "./listen.ts";
import { createMetricsListener, type MetricsSource } from "./metrics-listener.ts";
import type { Reviewer, ServerObserver, Webhook } from "./ports.ts";
import { Readiness } from "./readiness.ts";
import { CertificateReloader, type ReloadOutcome } from "./reloader.ts";
import { buildWebhook, type Patience } from "./webhook.ts";

export interface ServerOptions {
  readonly listen: Endpoint;
  /** Undefined: no metrics are served. */
  readonly metricsListen: Endpoint | undefined;
  readonly certificate: CertificateSource;
  readonly reviewer: Reviewer;
  readonly metrics: MetricsSource;
  readonly clock: Clock;
  readonly observer: ServerObserver;
  /** How long a request may still be under way when the listener closes: what a review takes at most. */
  readonly graceMs: number;
  readonly patience?: Patience;
}

export interface ServerAddresses {
  readonly webhook: Endpoint;
  readonly metrics: Endpoint | undefined;
}

const PATIENCE: Patience = { handshakeMs: 5_000, headersMs: 5_000, requestMs: 15_000 };
const CERTIFICATE_CHECK_MS = 5_000;

/** The webhook's listener and the metrics' one, from a certificate to a graceful end. */
export class WebhookServer {
  readonly webhook: Webhook;
  readonly readiness: Readiness;
  readonly #options: ServerOptions;
  readonly #reloader: CertificateReloader;
  readonly #metrics: Server;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: ServerOptions, reloader: CertificateReloader, webhook: Webhook, readiness: Readiness) {
    this.webhook = webhook;
    this.readiness = readiness;
    this.#options = options;
    this.#reloader = reloader;
    this.#metrics = createMetricsListener(options.metrics);
  }

  /** Wired and not yet listening. Throws CertificateError. */
  static async build(options: ServerOptions): Promise<WebhookServer> {
    const readiness = new Readiness();
    const { observer } = options;
    let webhook: Webhook | undefined;
    const reloader = new CertificateReloader(options.certificate, {
      loaded(certificate) {
        webhook?.server.setSecureContext(secureContext(certificate));
        if (certificate.standing === "lasting") observer.certificateLoaded(certificate.expires);
      },
      kept: (cause) => observer.certificateKept(cause),
    });
    const certificate = await reloader.load();
    const asksForOne = certificate.clientCA !== undefined;
    webhook = buildWebhook({
      ...options,
      // Kubelets probe without a certificate, so the handshake asks for one and the reviews' paths insist on it.
      tls: { ...secureContext(certificate), requestCert: asksForOne, rejectUnauthorized: false },
      requireClientCertificate: asksForOne ? "required" : "not-asked",
      readiness,
      patience: options.patience ?? PATIENCE,
    });
    return new WebhookServer(options, reloader, webhook, readiness);
  }

  /** Opens both ports and begins to watch where the certificate comes from. */
  async listen(): Promise<ServerAddresses> {
    await this.webhook.ready();
    const { listen, metricsListen } = this.#options;
    const metrics = metricsListen === undefined ? undefined : await listenOn(this.#metrics, metricsListen);
    const webhook = await listenOn(this.webhook.server, listen);
    this.#timer = setInterval(() => void this.checkCertificate(), CERTIFICATE_CHECK_MS).unref();
    return { webhook, metrics };
  }

  /** Serves what the certificate's source has now, if it can be served; otherwise what was served before. */
  checkCertificate(): Promise<ReloadOutcome> {
    return this.#reloader.check();
  }

  /** From now on `/readyz` fails and connections end after their answer; requests are still judged. */
  drain(): void {
    this.readiness.startDraining();
  }

  /** Stops listening, finishes the requests under way and returns; cuts what is left after the grace. */
  async close(): Promise<void> {
    this.drain();
    clearInterval(this.#timer);
    const limit = setTimeout(() => this.webhook.server.closeAllConnections(), this.#options.graceMs).unref();
    await this.webhook.close();
    clearTimeout(limit);
    this.#metrics.closeAllConnections();
    await closeServer(this.#metrics);
  }
}

function secureContext(certificate: ServingCertificate): SecureContextOptions {
  const { cert, key, clientCA } = certificate;
  return { cert, key, ...(clientCA === undefined ? {} : { ca: clientCA }), minVersion: "TLSv1.2" };
}
