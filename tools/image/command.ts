import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const MAX_OUTPUT = 1 << 30;

/** Runs a command that must succeed; its standard output. The error of one that fails ends with what it said. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<Buffer> {
  const env = { ...process.env, ...options.env };
  try {
    const { stdout } = await promisify(execFile)(command, args, { ...options, env, encoding: "buffer", maxBuffer: MAX_OUTPUT });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: Buffer };
    const outcome = code === "ENOENT" ? "is not installed" : `ended with status ${String(code)}`;
    throw new Error(`${[command, ...args.slice(0, 4)].join(" ")} ${outcome}: ${stderr?.toString("utf8").trim() ?? ""}`, { cause: error });
  }
}
