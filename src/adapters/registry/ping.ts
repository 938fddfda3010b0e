import type { Dispatcher } from "undici";
import { discardBody } from "./body.ts";
import { ForbiddenAddressError } from "./dispatcher.ts";
import type { RegistryEnvironment } from "./settings.ts";
import { isFailing } from "./transient.ts";

/** Milliseconds. */
const LIMIT = 3_000;

export interface PingTarget {
  readonly host: string;
  /** Of the registry itself. */
  readonly base: URL;
  /** What carries a request there. */
  readonly dispatcher: () => Dispatcher;
}

/**
 * Whether a registry answers at all: a GET of `/v2/`, which every registry has (OCI distribution-spec, "Determining
 * Support") and nobody who writes image references can steer. What it answers does not matter, 401 least of all.
 */
export async function ping({ host, base, dispatcher }: PingTarget, { clock, observer }: Pick<RegistryEnvironment, "clock" | "observer">): Promise<boolean> {
  const started = clock.now();
  const controller = new AbortController();
  const cancel = clock.after(LIMIT, () => controller.abort());
  let status: number | "error" = "error";
  try {
    const response = await dispatcher().request({ origin: base.origin, path: "/v2/", method: "GET", headers: { "user-agent": "pratique" }, signal: controller.signal });
    await discardBody(response, controller.signal);
    status = response.statusCode;
    return !isFailing(status);
  } catch (error) {
    // A name that leads where it must not is a refusal, and for the requests themselves to hear.
    return error instanceof ForbiddenAddressError;
  } finally {
    cancel();
    observer.request("ping", host, status, (clock.now() - started) / 1000);
  }
}
