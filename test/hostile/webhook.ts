import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import type { Test } from "tap";
import { loopbackCertificate } from "../helpers/certificates.ts";
import { temporaryFolder } from "../helpers/folder.ts";

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

/** The webhook in a process of its own. */
export interface Webhook {
  readonly port: number;
  /** What its caller trusts, and the connections that it keeps. */
  readonly agent: Agent;
  /** Posts a body to `/validate/enforce`, with the API server's `timeout`. */
  post(body: string | Uint8Array, timeout?: string): Promise<Answer>;
  /** The most memory that it has ever had resident, in bytes. */
  peak(): Promise<number>;
}

/**
 * The most that may be resident, in bytes: the design's budget (256 MB, in which node itself and the caches take a good
 * half). The shipped limit of the container is half as much again, so what stays below is not killed.
 */
export const MAX_RESIDENT = 256_000_000;

/** What node gives itself in the shipped container, half of its limit of 384 MiB: more than this and the process dies. */
const HEAP = "--max-old-space-size=192";
const PROCESS = new URL("./webhook-process.ts", import.meta.url);

/** Starts the real server, ended with the test. `tls` is added to the group of that name in the configuration. */
export async function startWebhook(t: Test, { config, zone }: World, tlsSettings: object = {}): Promise<Webhook> {
  const tls = await loopbackCertificate();
  const dir = await temporaryFolder(t, { "tls.crt": tls.cert, "tls.key": tls.key });
  const listeners = { listen: "127.0.0.1:0", metricsListen: "127.0.0.1:0", drainSeconds: 0 };
  const files = { certFile: `${dir}/tls.crt`, keyFile: `${dir}/tls.key` };
  const world: World = { zone, config: { ...config, ...listeners, tls: { ...files, ...tlsSettings } } };
  const child = fork(PROCESS, [JSON.stringify(world)], { execArgv: [HEAP] });
  t.teardown(() => child.kill("SIGKILL"));
  const [{ port }] = (await once(child, "message")) as [Started];
  const agent = new Agent({ keepAlive: true, ca: tls.ca });
  t.teardown(() => agent.destroy());
  return {
    port,
    agent,
    post: (body, timeout = "10s") => post({ port, agent }, body, timeout),
    peak: async () => {
      child.send("peak");
      const [bytes] = (await once(child, "message")) as [number];
      return bytes;
    },
  };
}

async function post({ port, agent }: Pick<Webhook, "port" | "agent">, body: string | Uint8Array, timeout: string): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const sent = request({ host: "127.0.0.1", port, agent, path: `/validate/enforce?timeout=${timeout}`, method: "POST", headers });
  sent.end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(await text(response)) as Answer["body"] };
}
