import { numberField, parseJsonObject, stringField } from "../../../json.ts";
import { unavailable } from "./exchange.ts";
import type { Issuer } from "./issued.ts";
import type { CloudWorld } from "./world.ts";

/**
 * An access token of this workload's Google service account from the metadata server, which on GKE answers for the
 * workload's own (Workload Identity Federation for GKE). It is a password of Artifact Registry and of gcr.io.
 */
export function garIssuer({ env, exchange, clock }: CloudWorld): Issuer {
  return async (signal) => {
    const host = env["GCE_METADATA_HOST"] || "metadata.google.internal";
    const url = URL.parse(`http://${host}/computeMetadata/v1/instance/service-accounts/default/token`);
    if (url === null) throw unavailable("GCE_METADATA_HOST is no host");
    const asked = clock.now();
    const { headers, bytes } = await exchange({ name: "the metadata server of Google Cloud", method: "GET", url, headers: { "metadata-flavor": "Google" }, route: "direct" }, signal);
    const answer = parseJsonObject(bytes) ?? {};
    const password = stringField(answer, "access_token");
    const lifetime = numberField(answer, "expires_in");
    // Whoever else answers at that name does not say who he is.
    if (headers["metadata-flavor"] !== "Google" || !password || lifetime === undefined) throw unavailable("the metadata server of Google Cloud answered without a usable token");
    return { credential: { kind: "password", username: "oauth2accesstoken", password }, expires: asked + lifetime * 1000 };
  };
}
