import { Slots } from "../admission/slots.ts";
import type { Call } from "../inspection/ports.ts";
import type { JsonObject } from "../json.ts";
import { type DoctorPorts, type Listing, UnreadableError } from "./ports.ts";
import { mapped, type Seen, seen } from "./seen.ts";

/** Lists at the same time: the API server is there for others too. */
const CONCURRENCY = 8;

/** Asks, and takes a failure for something that nobody has seen. */
export class Looker {
  readonly ports: DoctorPorts;
  readonly call: Call;
  readonly #slots = new Slots(CONCURRENCY);

  constructor(ports: DoctorPorts, call: Call) {
    this.ports = ports;
    this.call = call;
  }

  async see<Value>(ask: () => Promise<Value>): Promise<Seen<Value>> {
    try {
      return seen(await this.#slots.run(ask));
    } catch (error) {
      if (error instanceof UnreadableError) return { kind: "unseen", why: error.message };
      throw error;
    }
  }

  /** The same; throws UnreadableError (Unreachable) where asking anything else would come to nothing too. */
  async seeUnlessUnreachable<Value>(ask: () => Promise<Value>): Promise<Seen<Value>> {
    try {
      return seen(await ask());
    } catch (error) {
      if (error instanceof UnreadableError && error.code !== "Unreachable") return { kind: "unseen", why: error.message };
      throw error;
    }
  }

  /** Nothing where the API server serves no such resource. */
  async list(listing: Listing): Promise<Seen<readonly JsonObject[]>> {
    return mapped(await this.listServed(listing), (objects) => objects ?? []);
  }

  /** Undefined where the API server serves no such resource. */
  listServed(listing: Listing): Promise<Seen<readonly JsonObject[] | undefined>> {
    return this.see(() => this.ports.reader.list(listing, this.call));
  }
}
