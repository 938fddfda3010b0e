import t from "tap";
import { EventLoopTurns } from "../../src/app/turns.ts";

const call = (deadline = Number.MAX_SAFE_INTEGER, signal = new AbortController().signal) => ({ deadline, signal });

t.test("turns are taken in order, and a timer that is due comes between two of them", async (t) => {
  const turns = new EventLoopTurns({ now: Date.now });
  const told: string[] = [];
  const busyUntil = (time: number): void => {
    while (Date.now() < time);
  };
  setTimeout(() => told.push("timer"), 1);
  await Promise.all(
    ["first", "second", "third"].map(async (name) => {
      await turns.take(call());
      told.push(name);
      // The timer is due by now, however slow the machine is.
      busyUntil(Date.now() + 3);
    }),
  );
  t.same(told.filter((each) => each !== "timer"), ["first", "second", "third"]);
  t.ok(told.indexOf("timer") < told.indexOf("third"), told.join(", "));
});

t.test("who could not answer in time any more is told that we have too much to do, and the next one has his turn", async (t) => {
  const turns = new EventLoopTurns({ now: () => 1000 });
  const gone = new AbortController();
  const asked = [call(1050), call(2000, gone.signal), call(1100)].map((each) => turns.take(each));
  gone.abort();
  t.match(await Promise.allSettled(asked), [{ status: "rejected", reason: { code: "Overloaded" } }, { status: "rejected", reason: { code: "Overloaded" } }, { status: "fulfilled" }]);
});
