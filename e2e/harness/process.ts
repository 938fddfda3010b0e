// Foreign programs as child processes that never outlive the test.
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** A command that has ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that goes on until it is told to stop. */
export interface Running {
  readonly pid: number;
  /** The end of what it has written so far, both streams. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Ends it at once, frozen or not, and waits until it is gone. */
  kill(): Promise<void>;
  /** Waits until it has ended; its exit status, or null when a signal ended it. */
  ended(): Promise<number | null>;
  hasEnded(): boolean;
}

const KEPT_OUTPUT = 200_000;
const children = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
// The signals by which a test run is cut short: without a listener, Node ends without the event above.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGALRM"] as const) process.on(signal, () => process.exit(1));

/** Runs a command to its end. */
export function execute(command: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = launch(command, args, options);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin?.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** Runs a command that must succeed, and returns its standard output. */
export async function succeed(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await execute(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with status ${status}:\n${stderr}${stdout}`);
  return stdout;
}

/** Starts a program that goes on. */
export function start(command: string, args: readonly string[], options: CommandOptions = {}): Running {
  const child = launch(command, args, options);
  let written = "";
  const keep = (text: string): void => {
    written = (written + text).slice(-KEPT_OUTPUT);
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  child.once("error", (error) => keep(`does not start: ${error.message}\n`));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return {
    pid: child.pid ?? Number.NaN,
    output: () => written,
    signal: (name) => void child.kill(name),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    ended: () => ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  };
}

function launch(command: string, args: readonly string[], options: CommandOptions): ChildProcess {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.add(child);
  child.once("close", () => children.delete(child));
  // A program that does not read its input is no reason to fail.
  child.stdin?.on("error", () => undefined);
  return child;
}

/** How long a machine with much else to do may take for what takes seconds, where being late is no fault. */
const PATIENCE_SECONDS = 90;

export interface Patience {
  /** `PATIENCE_SECONDS` when absent. */
  readonly seconds?: number;
  /** What to show when it never happens. */
  readonly evidence?: () => string;
}

/** Asks again and again until there is an answer. Throws when the time is over; what was thrown last is the cause. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, patience: Patience = {}): Promise<T> {
  const { seconds = PATIENCE_SECONDS, evidence = () => "" } = patience;
  const end = Date.now() + seconds * 1000;
  let cause: unknown;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    await sleep(50);
  }
  throw new Error(`not within ${seconds} s: ${what}\n${evidence().slice(-4000)}`, { cause });
}
