import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import type { Test } from "tap";
import { type KeyPair, loopbackCertificate } from "../helpers/certificates.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { shippedFlags } from "../helpers/shipped-flags.ts";

/** What the webhook's process is told. */
export interface World {
  /** The configuration, as `pratique.yaml` has it; listeners and certificate are added. */
  readonly config: object;
  /** The addresses of names; there are no others. One list for each time that a name is asked for, the last one lasts. */
  readonly zone: Readonly<Record<string, readonly (readonly string[])[]>>;
}

export interface Started {
  readonly port: number;
}

/** What came back over HTTPS. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: {
    readonly kind?: string;
    readonly response?: {
      readonly allowed: boolean;
      readonly status?: { readonly details?: { readonly causes?: readonly { readonly reason: string; readonly field: string; readonly message: string }[] } };
    };
  };
}

/** Somebody who calls the webhook over connections of his own. */
export interface Caller {
  /** Posts a body to `/validate/enforce`, with the API server's `timeout`. */
  post(body: string | Uint8Array, timeout?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** The webhook in a process of its own. */
export interface Webhook extends Caller {
  readonly port: number;
  /** For callers of other kinds. */
  readonly trust: { readonly ca: string };
  /** Somebody with this certificate; without one when it is empty. */
  as(certificate: Partial<KeyPair>): Caller;
  /** The most memory that it has ever had resident, in bytes. */
  peak(): Promise<number>;
}

/**
 * The most that may be resident, in bytes: the design's budget (256 MB, in which node itself and the caches take a good
 * half). The shipped limit of the container is half as much again, so what stays below is not killed.
 */
export const MAX_RESIDENT = 256_000_000;

const PROCESS = new URL("./webhook-process.ts", import.meta.url);

/** Starts the real server, ended with the test. `tls` is added to the group of that name in the configuration. */
export async function startWebhook(t: Test, { config, zone }: World, tlsSettings: object = {}): Promise<Webhook> {
  const tls = await loopbackCertificate();
  const dir = await temporaryFolder(t, { "tls.crt": tls.cert, "tls.key": tls.key });
  const listeners = { listen: "127.0.0.1:0", metricsListen: "127.0.0.1:0", drainSeconds: 0 };
  const files = { certFile: `${dir}/tls.crt`, keyFile: `${dir}/tls.key` };
  const world: World = { zone, config: { ...config, ...listeners, tls: { ...files, ...tlsSettings } } };
  const child = fork(PROCESS, [JSON.stringify(world)], { execArgv: [...(await shippedFlags())] });
  t.teardown(() => child.kill("SIGKILL"));
  const [{ port }] = (await once(child, "message")) as [Started];
  const trust = { ca: tls.ca };
  const as = (certificate: Partial<KeyPair>): Caller => {
    const agent = new Agent({ keepAlive: true, ...trust, ...certificate });
    t.teardown(() => agent.destroy());
    return {
      post: (body, timeout = "10s", headers = {}) => {
        const own = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
        return post({ port, agent, path: `/validate/enforce?timeout=${timeout}`, headers: { ...own, ...headers } }, body);
      },
    };
  };
  return {
    ...as({}),
    port,
    trust,
    as,
    peak: async () => {
      child.send("peak");
      const [bytes] = (await once(child, "message")) as [number];
      return bytes;
    },
  };
}

async function post(options: RequestOptions, body: string | Uint8Array): Promise<Answer> {
  const sent = request({ host: "127.0.0.1", method: "POST", ...options });
  sent.end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(await text(response)) as Answer["body"] };
}
