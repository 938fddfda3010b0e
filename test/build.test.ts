import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { VERSION } from "../src/version.ts";
import { bundle } from "../tools/build.ts";

t.test("the bundle runs where there is nothing but Node", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "pratique-build-"));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const program = join(folder, "main.js");
  await bundle(program);
  const run = (...args: readonly string[]) => promisify(execFile)(process.execPath, [program, ...args], { cwd: folder, env: {} });
  t.equal((await run("--version")).stdout, `pratique ${VERSION}\n`);
  t.match((await run("serve", "--help")).stdout, /--config/);
  const config = join(folder, "pratique.yaml");
  await writeFile(config, "lisen: 1");
  const failure: unknown = await run("serve", "--config", config).catch((error: unknown) => error);
  t.match(failure, { code: 2, stderr: /did you mean listen/ });
});
