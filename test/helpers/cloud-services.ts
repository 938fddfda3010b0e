import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Clock } from "../../src/inspection/ports.ts";
import { listen, type Loopback } from "./loopback.ts";

/** What one account of a cloud knows of its workload. */
export interface CloudOptions {
  readonly clock: Clock;
  /** The token of the service account, as the kubelet projects it. */
  readonly identity: string;
  /** What is issued at last: a password of the registry, or the token that is exchanged for one. */
  readonly secret: string;
  /** Seconds that it is good for. */
  readonly lifetime: number;
}

export interface CloudServices extends Loopback {
  /** `POST /sts`: each request, and with which name of an action where it has one. */
  readonly requests: readonly string[];
  /** Answers every request with this status from now on, and with a body that says a secret. */
  refuse(status: number): void;
}

const KEYS = { id: "ASIATEST", secret: "key-of-a-session", session: "session+token/==" };

/**
 * The token services of three clouds on one port, each with the checks of the real one: STS, ECR and the Pod Identity
 * agent of AWS, the metadata server of Google Cloud, and Microsoft Entra ID.
 */
export async function startCloudServices(options: CloudOptions): Promise<CloudServices> {
  const requests: string[] = [];
  let refusal: number | undefined;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const [, service = ""] = (request.url ?? "").split("/");
    requests.push(`${request.method} ${request.url}`);
    const answer = refusal === undefined ? SERVICES[service]?.(request, body, options) : undefined;
    response.writeHead(answer === undefined ? (refusal ?? 403) : 200, answer?.headers);
    response.end(answer?.body ?? "hunter2");
  };
  const server = await listen((request, response) => void serve(request, response));
  return {
    ...server,
    requests,
    refuse: (status) => {
      refusal = status;
    },
  };
}

interface ServiceAnswer {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Service = (request: IncomingMessage, body: string, options: CloudOptions) => ServiceAnswer | undefined;

const SERVICES: Readonly<Record<string, Service>> = {
  sts: (_request, body, { identity, clock }) => {
    const form = new URLSearchParams(body);
    const isKnown = form.get("Action") === "AssumeRoleWithWebIdentity" && form.get("WebIdentityToken") === identity && form.get("RoleArn") === "arn:aws:iam::123456789012:role/pratique";
    const expires = new Date(clock.now() + 3_600_000).toISOString();
    return isKnown && form.get("Version") === "2011-06-15" && form.get("RoleSessionName") !== ""
      ? { body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${KEYS.id}</AccessKeyId><SecretAccessKey>${KEYS.secret}</SecretAccessKey><SessionToken>${KEYS.session}</SessionToken><Expiration>${expires}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>` }
      : undefined;
  },
  agent: ({ headers, method }, _body, { identity }) => {
    if (method !== "GET" || headers.authorization !== identity) return undefined;
    return { body: JSON.stringify({ AccessKeyId: KEYS.id, SecretAccessKey: KEYS.secret, Token: KEYS.session, AccountId: "123456789012" }) };
  },
  ecr: (request, body, { secret, clock, lifetime }) => {
    const { headers } = request;
    const isCall = headers["x-amz-target"] === "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" && headers["content-type"] === "application/x-amz-json-1.1" && body === "{}";
    if (!isCall || headers["x-amz-security-token"] !== KEYS.session || !isSigned(request, body, clock)) return undefined;
    const data = { authorizationToken: Buffer.from(`AWS:${secret}`).toString("base64"), expiresAt: clock.now() / 1000 + lifetime, proxyEndpoint: "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com" };
    return { body: JSON.stringify({ authorizationData: [data] }) };
  },
  computeMetadata: ({ headers, url }, _body, { secret, lifetime }) => {
    if (headers["metadata-flavor"] !== "Google" || url !== "/computeMetadata/v1/instance/service-accounts/default/token") return undefined;
    return { body: JSON.stringify({ access_token: secret, expires_in: lifetime, token_type: "Bearer" }), headers: { "metadata-flavor": "Google" } };
  },
  tenant: ({ url }, body, { identity, secret, lifetime }) => {
    const form = new URLSearchParams(body);
    const isKnown = form.get("grant_type") === "client_credentials" && form.get("client_id") === "client" && form.get("client_assertion") === identity;
    const isScoped = form.get("scope") === "https://containerregistry.azure.net/.default" && form.get("client_assertion_type") === "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    return isKnown && isScoped && url === "/tenant/oauth2/v2.0/token" ? { body: JSON.stringify({ token_type: "Bearer", access_token: secret, expires_in: lifetime }) } : undefined;
  },
};

// AWS, "Signature Version 4 signing process", worked out here from the request as it came.
function isSigned({ method, url, headers }: IncomingMessage, body: string, clock: Clock): boolean {
  const [, credential = "", names = "", signature] = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? "") ?? [];
  const [id, day = "", region = "", service = "", end] = credential.split("/");
  const time = String(headers["x-amz-date"]);
  const listed = names.split(";");
  const isComplete = ["host", "x-amz-date", "x-amz-security-token", "x-amz-target"].every((name) => listed.includes(name));
  const now = new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, "");
  if (id !== KEYS.id || end !== "aws4_request" || service !== "ecr" || region !== "eu-west-1" || !isComplete || time !== now || !time.startsWith(day)) return false;
  const canonical = [method, url, "", ...listed.map((name) => `${name}:${String(headers[name])}`), "", names, sha256(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, `${day}/${region}/${service}/aws4_request`, sha256(canonical)].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<Uint8Array | string>((secret, part) => hmac(secret, part), `AWS4${KEYS.secret}`);
  return hmac(key, toSign).toString("hex") === signature;
}

function sha256(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}

function hmac(key: Uint8Array | string, value: string): Buffer {
  return createHmac("sha256", key).update(value).digest();
}
