// The webhook, in a process of its own: `pratique.ts CONFIG`.
import { readFileSync } from "node:fs";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { serveUsage } from "./usage.ts";

const [file = ""] = process.argv.slice(2);
const app = createApp(parseConfig(readFileSync(file, "utf8"), file), { cluster: { kind: "default" }, env: {} });
serveUsage((await app.start()).webhook.port);
