import type { EntryPath } from "../../admission/entry.ts";
import type { CertificateError } from "./certificate.ts";

/** One POST of the API server, as bytes. */
export interface ReviewRequest {
  readonly entry: EntryPath;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** Milliseconds since the epoch at which the request came. */
  readonly receivedAt: number;
  /** What the API server allows for the answer. */
  readonly timeoutMs: number;
  /** Aborts when the client has gone away. */
  readonly signal: AbortSignal;
}

export interface Reviewed {
  /** 200 for every review with a uid; 400, 403, 413, 415 or 429 with a `Status` otherwise. */
  readonly status: number;
  /** An AdmissionReview or a `Status`. */
  readonly body: object;
}

/** Judges one review. Never throws: a defect is a denial of its own. */
export interface Reviewer {
  admit(request: ReviewRequest): Promise<Reviewed>;
}

/** What operators want to know of the listener, without a word on how it is kept. */
export interface ServerObserver {
  /** A request that was refused before a review could be read. */
  refused(event: { readonly status: number; readonly cause: unknown }): void;
  /** A TLS handshake that failed: a wrong `caBundle`, or a port scan. */
  handshakeFailed(cause: unknown): void;
  certificateLoaded(expires: Date): void;
  /** The files changed into something that cannot be served; the last good certificate stays. */
  certificateKept(cause: CertificateError): void;
}
