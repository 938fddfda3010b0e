import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const MAX_OUTPUT = 1 << 30;

/** A command that does not start, or fails. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** What it wrote to standard error. */
  readonly stderr: string;

  constructor(message: string, stderr: string, options: ErrorOptions) {
    super(stderr === "" ? message : `${message}: ${stderr}`, options);
    this.stderr = stderr;
  }
}

/** Runs a command that must succeed; its standard output. Throws a CommandError otherwise. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<Buffer> {
  const env = { ...process.env, ...options.env };
  try {
    const { stdout } = await promisify(execFile)(command, args, { ...options, env, encoding: "buffer", maxBuffer: MAX_OUTPUT });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: Buffer };
    const outcome = code === "ENOENT" ? "is not installed" : `ended with status ${String(code)}`;
    throw new CommandError(`${[command, ...args.slice(0, 4)].join(" ")} ${outcome}`, stderr?.toString("utf8").trim() ?? "", { cause: error });
  }
}
