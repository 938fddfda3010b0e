import { SECRET_KEYS, type SecretData } from "../../certificate/certificates.ts";
import { type JsonObject, objectField, stringField } from "../../json.ts";

/** What a Secret has of a certificate that we look after, as text. */
export function secretText(secret: JsonObject): SecretData {
  const data = objectField(secret, "data") ?? {};
  return Object.fromEntries(SECRET_KEYS.map((key) => [key, Buffer.from(stringField(data, key) ?? "", "base64").toString("latin1")]));
}

/** The Secret with another certificate in it; what else is in there stays. */
export function withSecretText(secret: JsonObject, texts: Required<SecretData>): JsonObject {
  const data = Object.fromEntries(SECRET_KEYS.map((key) => [key, Buffer.from(texts[key]).toString("base64")]));
  return { ...secret, data: { ...objectField(secret, "data"), ...data } };
}
