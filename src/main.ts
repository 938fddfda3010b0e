import { errorLine } from "./adapters/telemetry/error-line.ts";
import { run } from "./cli/cli.ts";

// The first signal asks for an end. Its handler is gone then, so a second one ends the process at once.
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

// Node would print every property of the error, credentials included, and end with 1, which says "untrusted" here.
process.on("uncaughtException", (thrown) => {
  process.stderr.write(`pratique: an unexpected error: ${JSON.stringify(errorLine(thrown))}\n`);
  process.exit(2);
});

// Whoever reads only the first lines (`| head`) still gets the true exit status, and a server outlives its log's reader.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await run(process.argv.slice(2), { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env, stopAsked });
