import type { Dispatcher } from "undici";

/** What a registry or a token service has answered, whatever its status. */
export interface Answer {
  /** Where it was asked for, before any redirect. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Dispatcher.ResponseData["headers"]>;
  /** Empty unless the status is 200. */
  readonly bytes: Uint8Array;
}
