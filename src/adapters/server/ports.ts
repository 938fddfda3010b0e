import type { Server } from "node:https";

import type { FastifyInstance } from "fastify";

import type { AdmissionInput } from "../../admission/admit.ts";
import type { AdmissionAnswer } from "../../admission/response.ts";
import type { CertificateError } from "./certificate.ts";

/** The routes over TLS. */
export type Webhook = FastifyInstance<Server>;

/** Judges one review. Never throws: a defect is a denial of its own. */
export interface Reviewer {
  admit(input: AdmissionInput): Promise<AdmissionAnswer>;
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
