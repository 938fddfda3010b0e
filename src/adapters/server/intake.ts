import type { IncomingMessage, ServerResponse } from "node:http";

import { Load } from "../../admission/load.ts";

/** More than is judged at one time: the rest is read, so that it can be refused by a denial that says why. */
const LIMITS = { light: 2048, heavyBytes: 12 * 1024 * 1024 };

/** Bounds what is read of bodies, from a request's headers to its answer. */
export class Intake {
  readonly #load = new Load(LIMITS);
  readonly #maxBody: number;

  /** `maxBody`: bytes that a body counts as whose length nobody tells before. */
  constructor(maxBody: number) {
    this.#maxBody = maxBody;
  }

  /** False where there is no room for this request's body. */
  admits({ headers }: IncomingMessage, response: ServerResponse): boolean {
    const announced = headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : this.#maxBody;
    // Probes have no body and must get through; more than a body may have is refused for that, and not read.
    if (announced === 0 || announced > this.#maxBody) return true;
    const leave = this.#load.enter(announced);
    if (leave !== undefined) response.once("close", leave);
    return leave !== undefined;
  }
}
