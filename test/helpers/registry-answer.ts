/** What a registry sends back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();

export function answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array = ""): Answer {
  return { status, headers, body: typeof body === "string" ? encoder.encode(body) : body };
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return answer(status, { "content-type": "application/json", ...headers }, `${JSON.stringify(value)}\n`);
}

/** An error in the form of the distribution specification ("Error Codes"). */
export function errorAnswer(status: number, code: string, message: string, options: ErrorOptions = {}): Answer {
  return jsonAnswer(status, { errors: [{ code, message, detail: options.detail ?? null }] }, options.headers);
}

interface ErrorOptions {
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
