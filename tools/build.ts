// Bundles the program into one file that needs nothing but Node: `npm run build` writes dist/main.js.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, "..");

// Parts of the bundle are CommonJS, and ask for these names, which a module does not have.
const BANNER = [
  "#!/usr/bin/env node",
  'import { createRequire as pratiqueCreateRequire } from "node:module";',
  "const require = pratiqueCreateRequire(import.meta.url);",
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

/** The program as files, by their names, and which files of the checkout are in it, by their paths from its root. */
export interface Bundle {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly inputs: readonly string[];
}

/** Bundles `src/main.ts` under a name, with the texts that some of its parts want beside them. */
export async function bundleAs(name: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(ROOT, "src/main.ts")],
    // Where the checkout is leaves no trace.
    absWorkingDir: ROOT,
    // Nor does whether tsconfig.json is there: the Dockerfile copies no more than it takes.
    tsconfigRaw: {},
    outfile: name,
    write: false,
    metafile: true,
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
  return {
    files: new Map(outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)])),
    inputs: Object.keys(metafile.inputs).sort(),
  };
}

/** Bundles `src/main.ts` into `outfile`. */
export async function bundle(outfile: string): Promise<void> {
  const { files } = await bundleAs(basename(outfile));
  await mkdir(dirname(outfile), { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(dirname(outfile), name), bytes);
}

if (import.meta.main) {
  const outfile = join(ROOT, "dist/main.js");
  await bundle(outfile);
  const { length } = await readFile(outfile);
  console.log(`wrote dist/main.js (${Math.round(length / 1024)} KiB)`);
}
