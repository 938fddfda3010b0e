import { closest } from "../schema/suggestion.ts";
import { VERSION } from "../version.ts";
import { AUDIT_HELP } from "./audit-help.ts";
import { CHECK_HELP } from "./check-help.ts";
import { DOCTOR_HELP } from "./doctor-help.ts";
import { IMPORT_HELP } from "./import-help.ts";
import type { ExitStatus, Io } from "./io.ts";
import { REMOVE_WEBHOOKS_HELP } from "./remove-webhooks-help.ts";
import { SERVE_HELP } from "./serve-help.ts";
import { UsageError } from "./usage-error.ts";

interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Throws UsageError for a wrong call. */
  run(args: readonly string[], io: Io): Promise<ExitStatus>;
}

// Imported when they are run: nobody who asks for help, or for one image, should wait for a server's libraries.
const COMMANDS: readonly Command[] = [
  {
    name: "serve",
    summary: "answer an API server's admission reviews",
    help: SERVE_HELP,
    run: async (args, io) => (await import("./serve.ts")).serve(args, io),
  },
  {
    name: "check",
    summary: "judge images and show what is attached to them",
    help: CHECK_HELP,
    run: async (args, io) => (await import("./check.ts")).check(args, io),
  },
  {
    name: "audit",
    summary: "judge what runs in a cluster, and say who owns it",
    help: AUDIT_HELP,
    run: async (args, io) => (await import("./audit.ts")).audit(args, io),
  },
  {
    name: "doctor",
    summary: "look at an installation, and say what is dangerous or broken",
    help: DOCTOR_HELP,
    run: async (args, io) => (await import("./doctor.ts")).doctor(args, io),
  },
  {
    name: "import",
    summary: "turn policies of sigstore, Kyverno or Connaisseur into trust policies",
    help: IMPORT_HELP,
    run: async (args, io) => (await import("./import.ts")).importPolicies(args, io),
  },
  {
    name: "remove-webhooks",
    summary: "delete an installation's webhook configurations, before it is uninstalled",
    help: REMOVE_WEBHOOKS_HELP,
    run: async (args, io) => (await import("./remove-webhooks.ts")).removeWebhooks(args, io),
  },
];

/** Runs a command line without the program's own name. Answers the exit status. */
export async function run(args: readonly string[], io: Io): Promise<ExitStatus> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || isHelp(name)) return help(rest[0], name === undefined ? io.stderr : io.stdout, name === undefined ? 2 : 0);
  if (name === "--version" || name === "version") return print(io.stdout, `pratique ${VERSION}\n`);
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) return wrongCall(unknownCommand(name), "pratique --help", io);
  if (optionsOf(rest).some(isHelp)) return print(io.stdout, command.help);
  try {
    return await command.run(rest, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return wrongCall(error.message, `pratique ${command.name} --help`, io);
  }
}

function help(topic: string | undefined, output: NodeJS.WritableStream, status: ExitStatus): ExitStatus {
  const command = COMMANDS.find((each) => each.name === topic);
  output.write(command?.help ?? overview());
  return status;
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const commands = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`).join("\n");
  return `Pratique lets a workload into a Kubernetes namespace only when every image that it
names carries the signatures which that namespace asks for.

Usage: pratique COMMAND [OPTIONS]

Commands:
${commands}

Examples:
  pratique check docker.io/library/nginx:1.29     is this image signed, and where does it say so?
  pratique audit -A --level signed                what would be refused in this cluster?
  pratique serve --config pratique.yaml           answer an API server's admission reviews
  pratique check --help                           every command teaches itself

Options:
  -h, --help      this page, or a command's own
      --version   the version
`;
}

function optionsOf(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

function unknownCommand(name: string): string {
  const names = COMMANDS.map((each) => each.name);
  const guess = closest(name, names);
  return name.startsWith("-")
    ? `there is no option ${name}; a command comes first: ${names.join(", ")}`
    : `there is no command ${JSON.stringify(name)}${guess === undefined ? `; there are ${names.join(", ")}` : `; did you mean ${guess}?`}`;
}

function wrongCall(message: string, topic: string, io: Io): ExitStatus {
  io.stderr.write(`pratique: ${message}\nTry \`${topic}\`.\n`);
  return 2;
}

function print(output: NodeJS.WritableStream, text: string): ExitStatus {
  output.write(text);
  return 0;
}
