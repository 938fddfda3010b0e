import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { loopbackCertificate } from "../test/helpers/certificates.ts";
import { shippedFlags } from "../test/helpers/shipped-flags.ts";
import type { RegistryDouble } from "../test/helpers/registry-double.ts";
import { minimalReview } from "../test/helpers/reviews.ts";
import type { Usage } from "./programs/usage.ts";

/** A webhook in a process of its own, reached as an API server reaches it: over TLS, on connections that stay open. */
export interface Server {
  /** Posts a review and returns the answer. */
  post(review: Buffer): Promise<string>;
  /** Admits a Pod with this image; throws when it is refused, since then nothing would be measured. */
  admit(image: string): Promise<void>;
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

export interface ServerSettings {
  /** Labels by namespace. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly policies?: readonly object[];
  /** At most so many at once; 64 when absent. */
  readonly connections?: number;
}

/** The whole of Pratique. */
export async function startPratique(registry: RegistryDouble, { namespaces, policies = [], connections = 64 }: ServerSettings): Promise<Server> {
  const folder = await Folder.create();
  const { cert, key, ca } = await loopbackCertificate();
  const config = {
    listen: "127.0.0.1:0",
    metricsListen: "127.0.0.1:0",
    drainSeconds: 0,
    logLevel: "error",
    tls: { certFile: await folder.write("tls.crt", cert), keyFile: await folder.write("tls.key", key) },
    namespaces,
    policyFiles: await Promise.all(policies.map((policy, i) => folder.write(`policy-${i}.yaml`, stringify(policy)))),
    registries: [{ host: registry.host, plainHTTP: true, allowPrivate: true }],
  };
  return launch("pratique.ts", [await folder.write("pratique.yaml", stringify(config))], { folder, ca, connections });
}

/** A server that parses each review and gives this answer. */
export async function startBare(answer: string, connections = 64): Promise<Server> {
  const folder = await Folder.create();
  const { cert, key, ca } = await loopbackCertificate();
  const files = [await folder.write("tls.crt", cert), await folder.write("tls.key", key), await folder.write("answer.json", answer)];
  return launch("bare.ts", files, { folder, ca, connections });
}

interface Surroundings {
  readonly folder: Folder;
  readonly ca: string;
  readonly connections: number;
}

async function launch(program: string, args: readonly string[], { folder, ca, connections }: Surroundings): Promise<Server> {
  const child = fork(new URL(`programs/${program}`, import.meta.url), args, { execArgv: [...(await shippedFlags())] });
  const { port } = await told<{ readonly port: number }>(child);
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca });
  const post = (review: Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": review.length };
      const sent = request({ host: "127.0.0.1", port, agent, path: "/validate/enforce?timeout=10s", method: "POST", headers }, (response) => {
        text(response).then(resolve, reject);
      });
      sent.on("error", reject).end(review);
    });
  return {
    post,
    admit: async (image) => {
      const answer = await post(Buffer.from(JSON.stringify(minimalReview(image))));
      if (!answer.includes('"allowed":true')) throw new Error(`refused: ${answer}`);
    },
    usage: async () => {
      child.send("usage");
      return (await told<{ readonly usage: Usage }>(child)).usage;
    },
    close: async () => {
      agent.destroy();
      child.disconnect();
      await once(child, "exit");
      await folder.remove();
    },
  };
}

async function told<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the server ended with ${code}`);
  });
  const [message] = await Promise.race([once(child, "message"), ended]);
  return message as Message;
}

class Folder {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async create(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "pratique-bench-")));
  }

  async write(name: string, content: string): Promise<string> {
    const file = join(this.#path, name);
    await writeFile(file, content);
    return file;
  }

  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true });
  }
}
