import * as fc from "fast-check";
import t from "tap";
import { algorithmOf, computeDigest, hexOf, matchesDigest, parseDigest } from "../../src/image/digest.ts";

const HEX = "0123456789abcdef".repeat(4);

t.test("a digest is sha256 or sha512, lower-case and whole", (t) => {
  for (const text of [`sha256:${HEX}`, `sha512:${HEX}${HEX}`]) t.equal(parseDigest(text), text);
  const malformed = ["", ":", "sha256", "sha256:", HEX, `:${HEX}`, `sha256:${HEX.slice(1)}`, `sha256:${HEX}0`, `sha256:${HEX.toUpperCase()}`, `SHA256:${HEX}`, `sha512:${HEX}`, `sha256:${HEX}${HEX}`, `sha384:${HEX}${HEX.slice(32)}`, `md5:${HEX.slice(32)}`, `sha256:${HEX.slice(1)}g`, `sha256:${HEX}\n`, ` sha256:${HEX}`, `sha256::${HEX.slice(1)}`, `sha256+b64:${HEX}`, `sha256:${HEX.slice(1)}\uff10`, `__proto__:${HEX}`, `constructor:${HEX}`];
  for (const text of malformed) t.equal(parseDigest(text), undefined, JSON.stringify(text));
  t.end();
});

t.test("digests are those that the standard gives", (t) => {
  const abc = Buffer.from("abc");
  t.equal(computeDigest("sha256", abc), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  t.equal(
    computeDigest("sha512", abc),
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  );
  t.end();
});

t.test("what was computed parses, and matches its own bytes alone", (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom("sha256", "sha512"), fc.nat(7), (bytes, algorithm, bit) => {
      const digest = computeDigest(algorithm, bytes);
      t.equal(parseDigest(digest), digest);
      t.equal(algorithmOf(digest), algorithm);
      t.equal(`${algorithm}:${hexOf(digest)}`, digest);
      t.ok(matchesDigest(digest, bytes));
      t.notOk(matchesDigest(digest, Uint8Array.of(...bytes, 0)), "one byte more");
      const changed = Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ (1 << bit) : byte));
      t.equal(matchesDigest(digest, changed), bytes.length === 0, "one bit changed");
    }),
  );
  t.end();
});
