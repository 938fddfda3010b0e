import t from "tap";
import { Load } from "../../src/admission/load.ts";

const KIB = 1024;

t.test("small requests are bounded in number, large ones in bytes, and neither keeps the other out", (t) => {
  const load = new Load({ light: 2, heavyBytes: 100 * KIB });
  const first = load.enter(1);
  t.ok(first);
  t.ok(load.enter(32 * KIB));
  t.equal(load.enter(1), undefined, "no third small one");
  const large = load.enter(60 * KIB);
  t.ok(large, "a large one has room of its own");
  t.equal(load.enter(41 * KIB), undefined, "which is used up");
  t.ok(load.enter(40 * KIB), "to the last byte");
  first?.();
  t.ok(load.enter(1), "who leaves makes room");
  large?.();
  t.ok(load.enter(60 * KIB));
  t.equal(load.enter(33 * KIB), undefined);
  t.end();
});
