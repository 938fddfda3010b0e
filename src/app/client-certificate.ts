import { readFileSync } from "node:fs";

import type { ClientCertificate } from "../adapters/registry/settings.ts";
import { CertificateError, parseCertificate } from "../adapters/server/certificate.ts";
import { messageOf } from "../errors.ts";
import { StartError } from "./start-error.ts";

/** Reads what is shown to a registry, as strictly as what is served: a pair that belongs together. Throws StartError. */
export function readClientCertificate(host: string, files: { readonly certFile: string; readonly keyFile: string }): ClientCertificate {
  const [cert, key] = [readBytes(host, "clientCertFile", files.certFile), readBytes(host, "clientKeyFile", files.keyFile)];
  try {
    parseCertificate({ standing: "lasting", cert, key, clientCA: undefined, origins: { cert: files.certFile, key: files.keyFile, clientCA: "" }, fingerprint: "" });
  } catch (cause) {
    if (cause instanceof CertificateError) throw new StartError("Unreadable", `the client certificate for registry ${host} cannot be used: ${cause.message}`, { cause });
    throw cause;
  }
  return { cert: cert.toString(), key: key.toString() };
}

function readBytes(host: string, field: "clientCertFile" | "clientKeyFile", file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new StartError("Unreadable", `the ${field} of registry ${host} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
