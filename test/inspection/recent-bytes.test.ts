import t from "tap";
import { Allowance, RecentBytes } from "../../src/inspection/recent-bytes.ts";
import { manualClock } from "../helpers/clock.ts";

t.test("what was read comes back when nobody can hold it any more, and not before", (t) => {
  const clock = manualClock();
  const bytes = new RecentBytes(clock, 100, 1000);
  t.equal(bytes.take(60), true);
  clock.advance(500);
  t.equal(bytes.take(60), false);
  t.equal(bytes.take(40), true, "what was refused took nothing");
  clock.advance(499);
  t.equal(bytes.take(1), false);
  clock.advance(1);
  t.equal(bytes.take(60), true, "the first bytes are back");
  t.equal(bytes.take(1), false, "the second ones are not");
  t.end();
});

t.test("an allowance does not come back", (t) => {
  const allowance = new Allowance(10);
  t.same([11, 6, 6, 4, 1].map((bytes) => allowance.take(bytes)), [false, true, false, true, false]);
  t.end();
});
