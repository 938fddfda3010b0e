// Loopback ports that are given once: two that ask at the same time never get the same, in one process or in two.
import { createServer } from "node:net";

// Below the ports that the system gives to outgoing connections: one of those could be taken while a server restarts.
const FIRST = 20_000;
const BLOCK_SIZE = 100;
const BLOCKS = 120;

class Ports {
  #next = 0;
  #end = 0;
  #last: Promise<unknown> = Promise.resolve();

  take(): Promise<number> {
    const taken = this.#last.then(() => this.#take());
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  async #take(): Promise<number> {
    for (;;) {
      if (this.#next === this.#end) await this.#claimBlock();
      const port = this.#next;
      this.#next += 1;
      if (await listens(port, "close")) return port;
    }
  }

  /** Listening on a block's first port is owning the block, until the process ends. */
  async #claimBlock(): Promise<void> {
    for (let block = 0; block < BLOCKS; block += 1) {
      const first = FIRST + block * BLOCK_SIZE;
      if (!(await listens(first, "keep"))) continue;
      this.#next = first + 1;
      this.#end = first + BLOCK_SIZE;
      return;
    }
    throw new Error(`no ${BLOCK_SIZE} ports from ${FIRST} on are free`);
  }
}

const ports = new Ports();

/** A loopback port that nobody listens on, and that nobody else is given. */
export function freePort(): Promise<number> {
  return ports.take();
}

/** Whether one can listen there. */
async function listens(port: number, afterwards: "keep" | "close"): Promise<boolean> {
  const server = createServer().unref();
  const isBound = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (isBound && afterwards === "close") {
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
  return isBound;
}
