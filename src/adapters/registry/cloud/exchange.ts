import { UndeterminedError } from "../../../verdict/failure.ts";
import { discardBody, readBody } from "../body.ts";
import { createDispatcher } from "../dispatcher.ts";
import { networkError } from "../failure.ts";
import { proxyChooser } from "../proxies.ts";
import type { RegistryEnvironment } from "../settings.ts";

const MAX_BYTES = 262_144;

/** A request to a service of a cloud that hands out tokens. */
export interface CloudRequest {
  /** Of the service, for messages. */
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `direct`: past any proxy, to what is on this very node. */
  readonly route?: "direct";
  /** PEM of the authorities that are trusted in place of the system's. */
  readonly ca?: string | undefined;
}

export interface CloudAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Uint8Array;
}

/**
 * Sends one request and reads a bounded answer, without redirects: where a token goes is known beforehand. Throws
 * UndeterminedError (CredentialsUnavailable), which quotes nothing of the answer.
 */
export type CloudExchange = (request: CloudRequest, signal: AbortSignal) => Promise<CloudAnswer>;

/** Through the proxies of the environment, to any address: these hosts are the operator's and the clouds', not a reference's. */
export function cloudExchange({ proxy, resolve }: Pick<RegistryEnvironment, "proxy" | "resolve">): CloudExchange {
  const proxyFor = proxyChooser(proxy);
  return async (request, signal) => {
    const { url, ca, route } = request;
    // Requests are hours apart, so nothing is gained by a connection that stays.
    const dispatcher = createDispatcher({
      rule: "any",
      tls: { ca: ca === undefined ? undefined : [ca], client: undefined },
      connections: 1,
      proxy: route === "direct" ? undefined : proxyFor(url),
      resolve,
      onResolved: () => undefined,
    });
    try {
      return await send(dispatcher, request, signal);
    } finally {
      await dispatcher.destroy();
    }
  };
}

async function send(dispatcher: ReturnType<typeof createDispatcher>, { name, method, url, headers, body }: CloudRequest, signal: AbortSignal): Promise<CloudAnswer> {
  try {
    const response = await dispatcher.request({ origin: url.origin, path: `${url.pathname}${url.search}`, method, headers: { "user-agent": "pratique", ...headers }, body: body ?? null, signal });
    if (response.statusCode === 200) return { headers: response.headers, bytes: await readBody(response, { name: `the answer of ${name}`, maxBytes: MAX_BYTES }) };
    await discardBody(response, signal);
    throw unavailable(`${name} gives us no credentials (${response.statusCode})`);
  } catch (error) {
    if (error instanceof UndeterminedError) throw error;
    throw unavailable(networkError(name, error).message, error);
  }
}

/** The credentials of the installation cannot be had; the message holds nothing that a service answered. */
export function unavailable(message: string, cause?: unknown): UndeterminedError {
  return new UndeterminedError("CredentialsUnavailable", message, { cause });
}
