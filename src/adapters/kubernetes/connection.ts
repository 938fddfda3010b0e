import { createHash } from "node:crypto";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { ClusterError } from "./cluster-error.ts";

/** What one request needs: where to, as whom, and over which connections. */
export interface Access {
  /** The API server's address without a slash at the end. */
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

// Below the limit for an answer, so that a connection that hangs is not waited for by the request after the next.
const CONNECT_LIMIT = 4_000;
type TlsOptions = Pick<RequestOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;

/** Sockets at a time; each watch holds one. */
const MAX_CONNECTIONS = 32;

/**
 * Credentials by client-node's KubeConfig (ServiceAccount tokens read again as they rotate, CA and certificate files,
 * exec plugins), connections by an undici Agent of our own. client-node itself makes a new Agent, and so a new TLS
 * handshake, for each request; here one serves until the CA or the client certificate has other bytes.
 */
export class Connection {
  readonly #load: () => Promise<KubeConfig>;
  #config: Promise<KubeConfig> | undefined;
  #dispatcher: Dispatcher | undefined;
  #fingerprint = "";

  constructor(load: () => Promise<KubeConfig>) {
    this.#load = load;
  }

  /** Throws ClusterError (Misconfigured, Unauthorized). */
  async access(): Promise<Access> {
    this.#config ??= this.#load();
    try {
      const config = await this.#config;
      const options = await credentials(config);
      return { server: config.getCurrentCluster()?.server ?? "", headers: headersOf(options), dispatcher: this.#dispatcherFor(config, options) };
    } catch (thrown) {
      this.#config = undefined;
      throw thrown;
    }
  }

  /** The API server does not take these credentials: the next request reads every file again. */
  forget(): void {
    this.#config = undefined;
  }

  /** Ends every connection, answered or not. */
  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
    this.#dispatcher = undefined;
    this.#fingerprint = "";
  }

  #dispatcherFor(config: KubeConfig, options: RequestOptions): Dispatcher {
    const wanted = { proxy: config.getCurrentCluster()?.proxyUrl || undefined, tls: tlsOf(options) };
    const fingerprint = createHash("sha256").update(JSON.stringify(wanted)).digest("base64");
    if (this.#dispatcher === undefined || fingerprint !== this.#fingerprint) {
      // Requests under way end on their old connections.
      void this.#dispatcher?.close();
      this.#dispatcher = createDispatcher(wanted.proxy, wanted.tls);
      this.#fingerprint = fingerprint;
    }
    return this.#dispatcher;
  }
}

async function credentials(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new ClusterError("Unauthorized", "the credentials for the API server could not be read (CA, token or certificate file, or exec plugin)", { cause });
  }
  return options;
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "pratique" };
  if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  // A token file that was written by hand ends with a newline.
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  return headers;
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsOptions {
  return Object.fromEntries(Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined));
}

function createDispatcher(proxy: string | undefined, tls: TlsOptions): Dispatcher {
  // One connection for each exchange (HTTP/1.1): a frozen one harms nothing but itself. The limits on time are ours.
  const options = { allowH2: false, connections: MAX_CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 };
  const connect = { ...tls, timeout: CONNECT_LIMIT };
  return proxy === undefined ? new Agent({ ...options, connect }) : new ProxyAgent({ ...options, uri: proxy, requestTls: connect });
}
