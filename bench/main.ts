// Figures, each beside what it is compared with in the same run: `npm run bench [-- CHAPTER...]`.
import { availableParallelism, cpus, totalmem } from "node:os";
import { coldImages } from "./chapters/cold.ts";
import { growth } from "./chapters/growth.ts";
import { junk } from "./chapters/junk.ts";
import { load } from "./chapters/load.ts";
import { sharing } from "./chapters/sharing.ts";
import { verifiedBesideSigned } from "./chapters/verified.ts";

const CHAPTERS: Readonly<Record<string, () => Promise<void>>> = { load, cold: coldImages, sharing, growth, junk, verified: verifiedBesideSigned };

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CHAPTERS);
const unknown = names.filter((name) => !Object.hasOwn(CHAPTERS, name));
if (unknown.length > 0) {
  console.error(`there is no chapter ${unknown.join(", ")}; there are ${Object.keys(CHAPTERS).join(", ")}`);
  process.exit(2);
}
console.log(`node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB\n`);
for (const name of names) await CHAPTERS[name]?.();
