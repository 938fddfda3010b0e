import { type JsonObject, objectField, stringField } from "../../json.ts";
import type { SecretRef } from "../../trust/decode.ts";
import type { SecretText } from "../../trust/resolve.ts";

/** Far more than any PEM block takes. */
const MAX_BYTES = 64 * 1024;

const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

/** `shop/cosign`. */
export function secretLabel({ namespace, name }: SecretRef): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** What a policy is told where there is no such Secret. */
export function noSecret(ref: SecretRef): SecretText {
  return absent(`there is no Secret ${secretLabel(ref)}`);
}

/**
 * What a Secret holds under the key that a policy names: `data` in base64 or, in a file, `stringData`, which wins as it
 * does when it is applied. No message quotes anything of it.
 */
export function secretText(secret: JsonObject, ref: SecretRef): SecretText {
  const label = `the Secret ${secretLabel(ref)}`;
  const plain = stringField(objectField(secret, "stringData") ?? {}, ref.key);
  const data = plain ?? stringField(objectField(secret, "data") ?? {}, ref.key);
  if (data === undefined) return absent(`${label} has no key ${ref.key}`);
  if (plain === undefined && !BASE64.test(data)) return absent(`what ${label} has under ${ref.key} is not base64; in a file, write plain text under stringData`);
  const bytes = Buffer.from(data, plain === undefined ? "base64" : "utf8");
  if (bytes.length > MAX_BYTES) return absent(`what ${label} has under ${ref.key} is longer than ${MAX_BYTES} bytes`);
  return { kind: "text", text: bytes.toString("utf8") };
}

function absent(message: string): SecretText {
  return { kind: "absent", message };
}
