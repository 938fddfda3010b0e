import { lstat, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { jsonBlob } from "../../../tools/image/blob.ts";
import { writeFolder } from "../../../tools/image/folder.ts";
import { writeLayout } from "../../../tools/image/layout.ts";
import { executable, file, FOLDER } from "../../../tools/image/tree.ts";

t.test("a tree is written with the modes that the image has, whatever the umask", async (t) => {
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  const folder = join(t.testdir(), "rootfs");
  await writeFolder(folder, new Map([["bin/program", executable("#!")], ["etc/text", file("text")], ["bin/link", { kind: "link", target: "program" } as const], ["tmp", FOLDER]]));
  const mode = async (path: string): Promise<string> => ((await lstat(join(folder, path))).mode & 0o777).toString(8);
  t.strictSame(await Promise.all(["bin", "bin/program", "etc/text", "tmp"].map(mode)), ["755", "755", "644", "755"]);
  t.equal(await readFile(join(folder, "etc/text"), "utf8"), "text");
  t.equal(await readlink(join(folder, "bin/link")), "program");
});

t.test("what is in a folder is never lost, but for an older layout", async (t) => {
  const folder = t.testdir({ precious: "text" });
  const blob = jsonBlob("application/json", {});
  const layout = { entry: blob.descriptor, blobs: [blob] };
  await t.rejects(writeFolder(folder, new Map()), /is not empty/);
  await t.rejects(writeLayout(folder, layout), /is not empty/);
  t.equal(await readFile(join(folder, "precious"), "utf8"), "text");
  const place = join(folder, "oci");
  await writeLayout(place, layout);
  await writeFile(join(place, "old"), "");
  await writeLayout(place, layout);
  await t.rejects(readFile(join(place, "old")), { code: "ENOENT" });
});
