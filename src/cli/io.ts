import type { WriteStream } from "node:tty";

/** A stream to write to, which may be a terminal. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns">>;

/** What a command has of the process that it runs in. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when the process is asked to stop. Before the first call a signal ends the process at once, as usual. */
  stopAsked(): Promise<void>;
}

/** The exit status of the process: 0 is well, 1 a refusal or a failed start, 2 an open question or a wrong call. */
export type ExitStatus = 0 | 1 | 2;
