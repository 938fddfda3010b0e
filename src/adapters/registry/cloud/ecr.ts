import { ecrPlace } from "../../../image/cloud-registry.ts";
import type { Credential } from "../../../inspection/credential.ts";
import { arrayField, isObject, type JsonObject, numberField, parseJsonObject, stringField } from "../../../json.ts";
import { awsEndpoint, awsKeys, signedForAws } from "./aws.ts";
import { unavailable } from "./exchange.ts";
import type { Issued, Issuer } from "./issued.ts";
import type { CloudWorld } from "./world.ts";

/** A password for one registry of Amazon ECR (ECR API, "GetAuthorizationToken"), good for twelve hours. */
export function ecrIssuer(host: string, { env, exchange, clock }: CloudWorld): Issuer {
  return async (signal) => {
    const place = ecrPlace(host);
    if (place === undefined) throw unavailable(`${host} is no registry of Amazon ECR`);
    const keys = await awsKeys(env, exchange, place, signal);
    const request = {
      name: "the API of Amazon ECR",
      method: "POST",
      url: awsEndpoint(env, "ECR", `api.ecr.${place.region}.${place.domain}`),
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" },
      body: "{}",
    } as const;
    const { bytes } = await exchange(await signedForAws(request, keys, { service: "ecr", region: place.region }, clock), signal);
    const [first] = arrayField(parseJsonObject(bytes) ?? {}, "authorizationData") ?? [];
    const issued = isObject(first) ? issuedBy(first) : undefined;
    if (issued === undefined) throw unavailable("Amazon ECR answered without a usable token");
    return issued;
  };
}

function issuedBy(data: JsonObject): Issued | undefined {
  const expires = numberField(data, "expiresAt");
  const credential = decoded(stringField(data, "authorizationToken") ?? "");
  return expires === undefined || credential === undefined ? undefined : { credential, expires: expires * 1000 };
}

// `AWS:password` in base64, as a docker config has it.
function decoded(token: string): Credential | undefined {
  const [username = "", ...rest] = Buffer.from(token, "base64").toString("utf8").split(":");
  const password = rest.join(":");
  return username === "" || password === "" ? undefined : { kind: "password", username, password };
}
