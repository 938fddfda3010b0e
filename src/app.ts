import { Admission } from "./admission/admit.ts";
import { NO_ANNOUNCER } from "./adapters/kubernetes/configured-namespaces.ts";
import type { ClusterSource } from "./adapters/kubernetes/kubeconfig.ts";
import { SYSTEM_TIMER } from "./adapters/kubernetes/timer.ts";
import { certificateFiles } from "./adapters/server/certificate-source.ts";
import { type ServerAddresses, WebhookServer } from "./adapters/server/server.ts";
import type { ReloadOutcome } from "./adapters/server/reloader.ts";
import { createLogger, Logs } from "./adapters/telemetry/logs.ts";
import { Metrics } from "./adapters/telemetry/metrics.ts";
import { Telemetry } from "./adapters/telemetry/telemetry.ts";
import { admissionSettings } from "./app/admission.ts";
import { heldCertificate, type Serve } from "./app/certificate.ts";
import { type Cluster, composeCluster } from "./app/cluster.ts";
import { composeInspection, type Inspection } from "./app/inspection.ts";
import type { Environment } from "./app/environment.ts";
import { installationCredentials } from "./app/installation.ts";
import { registryEnvironment, type RegistryParts } from "./app/registries.ts";
import { composeScanner } from "./app/scan.ts";
import type { Scanner } from "./audit/scan.ts";
import type { Config } from "./config.ts";
import { VERSION } from "./version.ts";

/** What an answer takes beyond the time that its review may take, in milliseconds. */
const ANSWERING_MS = 2_000;

export interface AppOptions {
  /** Which cluster to ask; none is asked where the configuration has `namespaces`. */
  readonly cluster: ClusterSource;
  /** For the proxies that it names, and who we are in a cloud. */
  readonly env: Environment;
  /** Where log lines go; standard output when absent. */
  readonly logs?: NonNullable<Parameters<typeof createLogger>[1]>;
  /** How the hosts of registries are resolved; as the system does when absent. */
  readonly resolve?: RegistryParts["resolve"];
}

/** The whole webhook: built by `createApp`, started and stopped once. */
export interface App {
  /** Opens the ports and begins to watch. Throws StartError, CertificateError, DockerConfigError, ClusterError, or what the system says of a port. */
  start(): Promise<ServerAddresses>;
  /** Resolves when `/readyz` answers 200. */
  readonly ready: Promise<void>;
  /** Looks at the certificate files now, not only every 5 s. */
  checkCertificate(): Promise<ReloadOutcome>;
  /** Fails `/readyz`, goes on for `drainSeconds`, then finishes what is under way and closes everything. */
  stop(): Promise<void>;
}

/** Puts core and adapters together by the configuration. Nothing is opened or read before `start`. */
export function createApp(config: Config, options: AppOptions): App {
  return new ComposedApp(config, options);
}

interface Running {
  readonly cluster: Cluster;
  readonly inspection: Inspection;
  readonly scanner: Scanner | undefined;
  readonly server: WebhookServer;
}

class ComposedApp implements App {
  readonly ready: Promise<void>;
  readonly #config: Config;
  readonly #options: AppOptions;
  readonly #logger: ReturnType<typeof createLogger>;
  readonly #isReady = Promise.withResolvers<void>();
  #running: Running | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, options: AppOptions) {
    this.#config = config;
    this.#options = options;
    this.#logger = createLogger(config.logLevel, options.logs);
    this.ready = this.#isReady.promise;
  }

  async start(): Promise<ServerAddresses> {
    this.#warn();
    const running = await this.#build();
    this.#running = running;
    try {
      const addresses = await running.server.listen();
      this.#logger.info({ version: VERSION, ...addresses }, "listening");
      void running.cluster.start().then(() => this.#becomeReady(running));
      return addresses;
    } catch (error) {
      await close(running);
      throw error;
    }
  }

  checkCertificate(): Promise<ReloadOutcome> {
    return this.#running?.server.checkCertificate() ?? Promise.resolve("unchanged");
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #build(): Promise<Running> {
    const config = this.#config;
    const metrics = new Metrics({
      version: VERSION,
      registries: config.registries,
      requestSeconds: config.requestSeconds,
      scanMinutes: config.audit.scanMinutes,
      isLabelled: (namespace) => cluster.isLabelled(namespace),
    });
    const telemetry = new Telemetry(metrics, new Logs(this.#logger));
    const held = heldCertificate(config, SYSTEM_TIMER.now());
    const serve: Serve = async (pair) => {
      held?.hold(pair);
      await server.checkCertificate();
    };
    const cluster = composeCluster(config, this.#options.cluster, telemetry, serve);
    await cluster.check();
    const environment = registryEnvironment({ config, env: this.#options.env, clock: SYSTEM_TIMER, observer: telemetry, resolve: this.#options.resolve });
    const installation = installationCredentials({ config, env: this.#options.env, environment, onFault: (fault) => telemetry.credentialsKept(fault) });
    const inspection = composeInspection({ config, environment, installation, policies: cluster.policies, sourceCredentials: cluster.sourceCredentials, observer: telemetry });
    metrics.read({
      cacheBytes: inspection.cacheBytes,
      watchAges: () => cluster.watchAges(),
      policies: () => cluster.policyCounts(),
      lenientNamespaces: () => cluster.lenientNamespaces(),
    });
    const announcer = config.audit.admissionEvents ? cluster.announcer : NO_ANNOUNCER;
    const ports = { ...cluster, inspector: inspection.inspector, recorder: telemetry, announcer, timer: SYSTEM_TIMER };
    const scanner = composeScanner(config, { cluster, inspector: inspection.inspector, observer: telemetry });
    const server = await WebhookServer.build({
      listen: config.listen,
      metricsListen: config.metricsListen,
      certificate: held ?? certificateFiles(config.tls),
      reviewer: new Admission(ports, admissionSettings(config)),
      metrics,
      clock: SYSTEM_TIMER,
      observer: telemetry,
      graceMs: config.requestSeconds * 1000 + ANSWERING_MS,
    });
    metrics.read({ isReady: () => server.readiness.state === "ready" });
    return { cluster, inspection, scanner, server };
  }

  #warn(): void {
    if (!this.#config.signed.repositories.some(({ text }) => text === "**")) return;
    this.#logger.warn(
      "signed.repositories is **: at level signed a signature counts in every repository, and the author of a Pod chooses the registry; name the repositories that only people you trust may push to",
    );
  }

  #becomeReady({ server, scanner }: Running): void {
    server.readiness.becomeReady();
    if (server.readiness.state !== "ready") return;
    scanner?.start();
    this.#logger.info("ready");
    this.#isReady.resolve();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.server.drain();
    this.#logger.info({ seconds: this.#config.drainSeconds }, "draining");
    await new Promise<void>((resolve) => {
      SYSTEM_TIMER.after(this.#config.drainSeconds * 1000, resolve);
    });
    await close(running);
    this.#logger.info("stopped");
  }
}

async function close({ server, cluster, inspection, scanner }: Running): Promise<void> {
  await server.close();
  await scanner?.stop();
  await cluster.stop();
  await inspection.close();
}
