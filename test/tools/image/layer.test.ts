import { gunzipSync } from "node:zlib";
import t from "tap";
import { Header } from "tar";
import { computeDigest } from "../../../src/image/digest.ts";
import { makeLayer } from "../../../tools/image/layer.ts";
import { tarArchive } from "../../../tools/image/tar.ts";
import { type Entry, executable, file, FOLDER, merged, readArchive, type Tree } from "../../../tools/image/tree.ts";

const ENTRIES: readonly (readonly [string, Entry])[] = [
  ["bin/program", executable("#!")],
  ["bin/other", { kind: "link", target: "program" }],
  ["etc/text", file("text\n")],
  ["tmp", FOLDER],
];
const TREE: Tree = new Map(ENTRIES);

/** What stands in an archive, as its headers say. */
function headersIn(archive: Buffer): readonly Header[] {
  const headers: Header[] = [];
  for (let at = 0; at < archive.length; ) {
    const header = new Header(archive.subarray(at, at + 512));
    if (header.nullBlock) break;
    headers.push(header);
    at += 512 + Math.ceil((header.size ?? 0) / 512) * 512;
  }
  return headers;
}

t.test("a layer's bytes depend on nothing but what is in it", async (t) => {
  const layer = await makeLayer("title", TREE);
  const other = await makeLayer("another title", new Map(ENTRIES.toReversed()));
  t.ok(layer.bytes.equals(other.bytes), "in whatever order it was put together");
  t.strictSame([...layer.bytes.subarray(4, 8)], [0, 0, 0, 0], "gzip tells no time");
  t.equal(layer.bytes[9], 255, "and no system");
  t.equal(layer.diffId, computeDigest("sha256", gunzipSync(layer.bytes)), "named by what is compressed");
});

t.test("everything is root's, for all to read, of the beginning of time, and after its folder", (t) => {
  const headers = headersIn(tarArchive(TREE));
  t.strictSame(
    headers.map(({ path, type, mode, linkpath }) => [path, type, mode?.toString(8), linkpath]),
    [
      ["bin/", "Directory", "755", ""],
      ["bin/other", "SymbolicLink", "777", "program"],
      ["bin/program", "File", "755", ""],
      ["etc/", "Directory", "755", ""],
      ["etc/text", "File", "644", ""],
      ["tmp/", "Directory", "755", ""],
    ],
  );
  for (const header of headers) t.match(header, { uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0), cksumValid: true });
  t.end();
});

t.test("what was written is read again, and what is not wanted is left out", async (t) => {
  const read = await readArchive(tarArchive(TREE), (path) => path !== "etc/text");
  t.strictSame([...read.keys()], ["bin/other", "bin/program"]);
  t.match(read.get("bin/program"), { kind: "file", isExecutable: true, bytes: Buffer.from("#!") });
  t.match(read.get("bin/other"), { kind: "link", target: "program" });
});

t.test("a path that a plain header has no room for is refused rather than cut", (t) => {
  t.throws(() => tarArchive(new Map([["a".repeat(300), file("")]])), /does not fit/);
  t.end();
});

t.test("parts may agree on a path, and not differ", (t) => {
  const one = new Map([["etc/text", file("one")]]);
  t.strictSame([...merged([one, new Map([["etc/text", file("one")], ["tmp", FOLDER]])]).keys()], ["etc/text", "tmp"]);
  t.throws(() => merged([one, new Map([["etc/text", file("other")]])]), /another \/etc\/text/);
  t.throws(() => merged([one, new Map([["etc/text", FOLDER]])]), /another \/etc\/text/);
  t.end();
});
