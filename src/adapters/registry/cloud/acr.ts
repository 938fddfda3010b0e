import { numberField, parseJsonObject, stringField } from "../../../json.ts";
import { readToken, variable } from "./environment.ts";
import { unavailable } from "./exchange.ts";
import type { Issuer } from "./issued.ts";
import type { CloudWorld } from "./world.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };

/** Milliseconds, for a token that does not say: a third of what they last today. */
const LIFETIME = 3_600_000;

/** A registry's own part in it. */
export interface AcrRegistry {
  readonly host: string;
  /** PEM, in place of the system's certificate authorities. */
  readonly ca: string | undefined;
}

/**
 * A refresh token of an Azure container registry: the service account's token is exchanged for one of Microsoft Entra ID
 * (OAuth 2.0 client credentials with a client assertion), and that at the registry itself (`/oauth2/exchange`).
 */
export function acrIssuer({ host, ca }: AcrRegistry, world: CloudWorld): Issuer {
  return async (signal) => {
    const tenant = variable(world.env, "AZURE_TENANT_ID");
    const asked = world.clock.now();
    const entra = await entraToken(tenant, world, signal);
    const body = new URLSearchParams({ grant_type: "access_token", service: host, tenant, access_token: entra }).toString();
    const { bytes } = await world.exchange({ name: host, method: "POST", url: new URL(`https://${host}/oauth2/exchange`), headers: FORM, body, ca }, signal);
    const token = stringField(parseJsonObject(bytes) ?? {}, "refresh_token");
    if (!token) throw unavailable(`${host} answered without a usable token`);
    return { credential: { kind: "identity-token", token }, expires: expiryOf(token) ?? asked + LIFETIME };
  };
}

// How long it is good for the registry says in the token alone (RFC 7519, "exp"). Nothing but that is believed of it.
function expiryOf(token: string): number | undefined {
  const claims = parseJsonObject(Buffer.from(token.split(".")[1] ?? "", "base64url")) ?? {};
  const seconds = numberField(claims, "exp");
  return seconds === undefined ? undefined : seconds * 1000;
}

async function entraToken(tenant: string, { env, exchange }: CloudWorld, signal: AbortSignal): Promise<string> {
  const url = URL.parse(`${encodeURIComponent(tenant)}/oauth2/v2.0/token`, env["AZURE_AUTHORITY_HOST"] || "https://login.microsoftonline.com/");
  if (url === null) throw unavailable("AZURE_AUTHORITY_HOST is no URL");
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: variable(env, "AZURE_CLIENT_ID"),
    scope: "https://containerregistry.azure.net/.default",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await readToken(env, "AZURE_FEDERATED_TOKEN_FILE"),
  }).toString();
  const answer = parseJsonObject((await exchange({ name: "Microsoft Entra ID", method: "POST", url, headers: FORM, body }, signal)).bytes) ?? {};
  const token = stringField(answer, "access_token");
  if (!token) throw unavailable("Microsoft Entra ID answered without a usable token");
  return token;
}
