// The whole webhook in a process of its own, so that its memory can be told from that of the test and of its registries.
import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { type AppOptions, createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import type { Started, World } from "./webhook.ts";

const { config, zone } = JSON.parse(process.argv[2] ?? "") as World;
const asked = new Map<string, number>();

/** The addresses of names, one list for each time that a name is asked for; the last one lasts. */
const resolve: AppOptions["resolve"] = (hostname, callback) => {
  const nth = asked.get(hostname) ?? 0;
  asked.set(hostname, nth + 1);
  const turns = zone[hostname] ?? [];
  const addresses = (turns[Math.min(nth, turns.length - 1)] ?? []).map((address) => ({ address, family: 4 }));
  const unknown = addresses.length === 0 ? Object.assign(new Error("no such name"), { code: "ENOTFOUND" }) : null;
  setImmediate(() => callback(unknown, addresses));
};

const logs = new Writable({ write: (_chunk, _encoding, done) => done() });
const app = createApp(parseConfig(JSON.stringify(config), "pratique.yaml"), { cluster: { kind: "default" }, env: {}, logs, resolve });
const { webhook } = await app.start();
await app.ready;

// What getrusage says is of no use here: it begins with what the parent had resident.
const peak = (): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
process.on("message", () => process.send?.(peak()));
process.on("disconnect", () => process.exit());
process.send?.({ port: webhook.port } satisfies Started);
