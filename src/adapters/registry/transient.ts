import { UndeterminedError } from "../../verdict/failure.ts";
import type { UndeterminedReason } from "../../verdict/reason.ts";

/** A failure that may be over in a moment: the same request is worth sending again. */
export class TransientError extends UndeterminedError {
  /** The header of that name as it was sent. */
  readonly retryAfter: string | undefined;

  constructor(code: UndeterminedReason, message: string, options: { readonly cause?: unknown; readonly retryAfter?: string | undefined } = {}) {
    super(code, message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** Whether a status says that the registry cannot answer just now. 501 says what it never can. */
export function isFailing(status: number): boolean {
  return status >= 500 && status !== 501;
}

/** Whether a status is worth asking again for. */
export function isTransient(status: number): boolean {
  return status === 429 || isFailing(status);
}

/** The `Retry-After` header, when there is just one. */
export function retryAfterIn(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string | undefined {
  const value = headers["retry-after"];
  return typeof value === "string" ? value : undefined;
}

/** Milliseconds from now that a `Retry-After` header asks for (RFC 9110 section 10.2.3): seconds, or a date. Undefined for any other text. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * 1000;
  const at = /^[A-Z][a-z]{2,8}, [0-9A-Za-z: -]{10,30} GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
