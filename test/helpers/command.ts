import { Readable, Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { run } from "../../src/cli/cli.ts";
import type { Output } from "../../src/cli/io.ts";

/** What a command came to. */
export interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A stream that keeps what is written to it, and that may be a terminal. */
export function sink(isTTY = false): { readonly stream: Output; readonly written: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { stream: Object.assign(stream, isTTY ? { isTTY: true as const, getColorDepth: () => 8 } : {}), written: () => chunks.join("") };
}

/** Runs a command line in this process, with no more of an environment than is given. */
export async function pratique(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const [out, err] = [sink(), sink()];
  const status = await run(args, { stdin: Readable.from([]), stdout: out.stream, stderr: err.stream, env: { HOME: "/nonexistent", ...env }, stopAsked: async () => {} });
  return { status, out: stripVTControlCharacters(out.written()), err: stripVTControlCharacters(err.written()) };
}
