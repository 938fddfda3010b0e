import { AwsV4Signer } from "aws4fetch";
import { parseJsonObject, stringField } from "../../../json.ts";
import type { Clock } from "../../../inspection/ports.ts";
import { type CloudExchange, type CloudRequest, unavailable } from "./exchange.ts";
import { type CloudEnvironment, readToken, variable } from "./environment.ts";

/** What signs requests to AWS for a while. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Where a cluster's AWS services are, for one registry. */
export interface AwsPlace {
  readonly region: string;
  /** `amazonaws.com`, in China `amazonaws.com.cn`. */
  readonly domain: string;
}

/**
 * The keys that this workload has by its service account: of the role that EKS projects a token for (IRSA), else of the
 * agent that EKS Pod Identity runs on each node. Throws UndeterminedError (CredentialsUnavailable).
 */
export async function awsKeys(env: CloudEnvironment, exchange: CloudExchange, place: AwsPlace, signal: AbortSignal): Promise<AwsKeys> {
  if (env["AWS_WEB_IDENTITY_TOKEN_FILE"]) return keysOfRole(env, exchange, place, signal);
  if (env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) return keysOfPod(env, exchange, signal);
  throw unavailable("this workload has no identity in AWS: neither AWS_WEB_IDENTITY_TOKEN_FILE (IRSA) nor AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS Pod Identity) is set");
}

/** A request with a signature of AWS (Signature Version 4) over its method, host, time and body. */
export async function signedForAws(request: CloudRequest & { readonly body: string }, keys: AwsKeys, scope: { readonly service: string; readonly region: string }, clock: Clock): Promise<CloudRequest> {
  const datetime = new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, "");
  const { method, url, headers, body } = request;
  const signed = await new AwsV4Signer({ method, url: url.href, headers: { ...headers }, body, ...keys, ...scope, datetime }).sign();
  return { ...request, headers: Object.fromEntries(signed.headers) };
}

/** An endpoint of AWS, or the one that the environment names in its place (`AWS_ENDPOINT_URL_STS`), as in the SDKs. */
export function awsEndpoint(env: CloudEnvironment, service: "STS" | "ECR", host: string): URL {
  const name = `AWS_ENDPOINT_URL_${service}`;
  const url = URL.parse(env[name] || `https://${host}/`);
  if (url === null) throw unavailable(`${name} is no URL`);
  return url;
}

// AWS Security Token Service, "AssumeRoleWithWebIdentity": the token itself is what is shown, so nothing is signed.
async function keysOfRole(env: CloudEnvironment, exchange: CloudExchange, { region, domain }: AwsPlace, signal: AbortSignal): Promise<AwsKeys> {
  const url = awsEndpoint(env, "STS", `sts.${env["AWS_REGION"] || region}.${domain}`);
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: variable(env, "AWS_ROLE_ARN"),
    RoleSessionName: env["AWS_ROLE_SESSION_NAME"] || "pratique",
    WebIdentityToken: await readToken(env, "AWS_WEB_IDENTITY_TOKEN_FILE"),
  }).toString();
  const { bytes } = await exchange({ name: "the security token service of AWS", method: "POST", url, headers: { "content-type": "application/x-www-form-urlencoded" }, body }, signal);
  // Flat XML of a handful of fields, none of which can hold anything that XML escapes.
  const text = Buffer.from(bytes).toString("utf8");
  const field = (name: string): string | undefined => new RegExp(`<${name}>([^<&]+)</${name}>`).exec(text)?.[1];
  return keysOf(field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken"));
}

// EKS Pod Identity: the agent on the node, or whatever hands out credentials as it does.
async function keysOfPod(env: CloudEnvironment, exchange: CloudExchange, signal: AbortSignal): Promise<AwsKeys> {
  const url = URL.parse(variable(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
  if (url === null || !mayHaveToken(url)) throw unavailable("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither an https URL nor that of the agent on the node");
  const authorization = await readToken(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const { bytes } = await exchange({ name: "the Pod Identity agent of EKS", method: "GET", url, headers: { authorization }, route: "direct" }, signal);
  const answer = parseJsonObject(bytes) ?? {};
  return keysOf(stringField(answer, "AccessKeyId"), stringField(answer, "SecretAccessKey"), stringField(answer, "Token"));
}

// As in the SDKs: without TLS the token goes to the node's own agents and to loopback alone.
function mayHaveToken({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "127.0.0.1", "[::1]", "localhost"].includes(hostname);
}

function keysOf(accessKeyId: string | undefined, secretAccessKey: string | undefined, sessionToken: string | undefined): AwsKeys {
  if (!accessKeyId || !secretAccessKey || !sessionToken) throw unavailable("AWS answered without usable credentials");
  return { accessKeyId, secretAccessKey, sessionToken };
}
