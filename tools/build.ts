// Bundles the program into one file that needs nothing but Node: `npm run build` writes dist/main.js.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

// Parts of the bundle are CommonJS, and ask for these names, which a module does not have.
const BANNER = [
  "#!/usr/bin/env node",
  'import { createRequire as pratiqueCreateRequire } from "node:module";',
  "const require = pratiqueCreateRequire(import.meta.url);",
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

/** Bundles `src/main.ts` into `outfile`. */
export async function bundle(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(ROOT, "src/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    // Names of classes are names of errors, which the log shows.
    keepNames: true,
    legalComments: "linked",
    banner: { js: BANNER },
    logLevel: "warning",
  });
}

if (import.meta.main) {
  const outfile = join(ROOT, "dist/main.js");
  await bundle(outfile);
  const { length } = await readFile(outfile);
  console.log(`wrote dist/main.js (${Math.round(length / 1024)} KiB)`);
}
