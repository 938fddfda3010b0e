/** An in-toto statement: a predicate about artifacts. */
export interface Statement {
  readonly _type: string;
  readonly subject: readonly StatementSubject[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

export interface StatementSubject {
  readonly name?: string;
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const IN_TOTO = "application/vnd.in-toto+json";
export const COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1";
export const SLSA_PROVENANCE = "https://slsa.dev/provenance/v1";

/** `sha256:ab...` as a statement writes it. */
export function digestMap(digest: string): Readonly<Record<string, string>> {
  const [algorithm = "", hex = ""] = digest.split(":");
  return { [algorithm]: hex };
}

/** What `cosign sign` signs for a bundle. */
export function signStatement(digests: readonly string[], annotations: Readonly<Record<string, string>>): Statement {
  const subject = digests.map((digest) => ({ digest: digestMap(digest), annotations }));
  return { _type: "https://in-toto.io/Statement/v1", subject, predicateType: COSIGN_SIGN, predicate: {} };
}

/** What `cosign attest` signs. */
export function attestStatement(name: string, digests: readonly string[], predicateType: string, predicate: unknown): Statement {
  const subject = digests.map((digest) => ({ name, digest: digestMap(digest) }));
  return { _type: "https://in-toto.io/Statement/v0.1", subject, predicateType, predicate };
}

/** The bytes that a DSSE signature is over (DSSE, "Protocol": pre-authentication encoding). */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
