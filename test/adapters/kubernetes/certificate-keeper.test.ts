// Replicas that share a certificate, by a clock that is turned by hand.
import type { X509Certificate } from "node:crypto";
import { array, assert, asyncProperty, constant, constantFrom, integer, nat, oneof, record } from "fast-check";
import t from "tap";
import { ClusterError } from "../../../src/adapters/kubernetes/cluster-error.ts";
import { FOREIGN_STAY } from "../../../src/certificate/ca-bundle.ts";
import { createCa } from "../../../src/certificate/issue.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { Replicas, type Replica, turn } from "../../helpers/replicas.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = { ca: 365 * DAY, serving: 90 * DAY };
/** Long enough for every margin, and short enough to be gone through step by step. */
const HOURS = { ca: 6 * HOUR, serving: 2 * HOUR };

/** Two replicas that have come up together. */
async function pair(lifetimes = HOURS) {
  const world = new Replicas(lifetimes);
  const replicas = [world.start(), world.start()] as const;
  await world.pass(3_000, replicas);
  return { world, replicas };
}

function changes({ events }: Replica): readonly string[] {
  return events.filter((event) => /^(create|replace|announce|switch|renew)/.test(event));
}

const print = (certificate: X509Certificate | undefined): string => certificate?.fingerprint256 ?? "none";

t.test("replicas that start together share one certificate, and only one of them made it", async (t) => {
  const { world, replicas } = await pair();
  const [first, second] = replicas;
  t.same([...changes(first), ...changes(second)], ["create"]);
  t.equal(print(first.serving()), print(second.serving()));
  t.same(world.bundles().map((cas) => cas.length), [1, 1], "every entry of ours trusts the CA");
  t.match(world.configuration.object, { webhooks: [{}, {}, { clientConfig: { caBundle: "b3RoZXI=" } }] }, "and an entry of somebody else's is as it was");
  t.same(replicas.map((replica) => replica.isReady()), [true, true]);
  t.equal(first.events.concat(second.events).filter((event) => event === "trust").length, 1, "the webhook configuration is written once");
});

t.test("nobody is ready before the API server trusts what is served", async (t) => {
  const world = new Replicas(HOURS);
  const replica = world.start();
  replica.configuration.fault = new ClusterError("Forbidden", "no");
  await world.pass(10_000, [replica]);
  t.notOk(replica.isReady());
  t.ok(replica.serving(), "and yet it serves");
  t.equal(replica.events.filter((event) => event === "no").length, 1, "what fails again and again is told once");
  replica.configuration.fault = undefined;
  await world.pass(5_000, [replica]);
  t.ok(replica.isReady());
});

t.test("without a webhook configuration nobody calls, so that is no reason to wait, and it is never made", async (t) => {
  const world = new Replicas(HOURS);
  world.configuration.put(undefined);
  const replica = world.start();
  await world.pass(3_000, [replica]);
  t.ok(replica.isReady());
  t.equal(world.configuration.object, undefined);
  t.ok(replica.events.includes("none"));
});

t.test("a Secret that is gone is told of; what is served stays, and so does the trust in it", async (t) => {
  const { world, replicas } = await pair();
  const before = print(replicas[0].serving());
  world.secret.put(undefined);
  world.writeBundles("");
  await world.pass(3_000, replicas);
  t.equal(print(replicas[0].serving()), before);
  t.match(replicas[0].events.find((event) => event.includes("does not exist")), /pratique-system\/pratique-certificate.*helm upgrade/);
  t.same(world.bundles().map((cas) => cas.length), [1, 1], "the caBundle is put back all the same");
});

t.test("the life of a year: certificates are renewed, a CA takes over, and the old one goes when it ends", async (t) => {
  const { world, replicas } = await pair(YEAR);
  const [first] = replicas;
  const seen = { serving: new Set<string>(), cas: new Set<string>(), most: 0 };
  for (let day = 0; day < 400; day += 4) {
    world.timer.advance(4 * DAY);
    await world.settle(replicas);
    await world.pass(3 * MINUTE, replicas);
    seen.serving.add(print(first.serving()));
    for (const cas of world.bundles()) {
      seen.most = Math.max(seen.most, cas.length);
      for (const ca of cas) seen.cas.add(ca.fingerprint256);
      t.ok(world.isTaken(first.serving() as X509Certificate, cas), `on day ${day} it is trusted`);
    }
  }
  t.equal(seen.cas.size, 2);
  t.equal(seen.most, 2);
  t.same(world.bundles().map((cas) => cas.length), [1, 1]);
  t.same(replicas.flatMap(changes).toSorted(), ["announce", "create", "renew", "renew", "renew", "renew", "renew", "renew", "switch"].toSorted());
});

t.test("a new CA signs once it has been trusted for a minute, and not while an entry does not trust it", async (t) => {
  const { world, replicas } = await pair();
  const old = world.data()["ca.crt"];
  for (const replica of replicas) replica.configuration.fault = new ClusterError("Unavailable", "no answer");
  await world.pass(4 * HOUR + MINUTE, replicas);
  t.ok(replicas.flatMap(changes).includes("announce"));
  t.ok(world.data()["ca.crt"]?.includes(old ?? "-"), "both CAs are in the Secret");
  const before = print(replicas[0].serving());
  await world.pass(HOUR, replicas);
  t.notOk(replicas.flatMap(changes).includes("switch"));
  t.equal(print(replicas[0].serving()), before);
  for (const replica of replicas) replica.configuration.fault = undefined;
  await world.pass(2_000, replicas);
  await world.pass(50_000, replicas);
  t.notOk(replicas.flatMap(changes).includes("switch"), "trusted, and not for long enough");
  await world.pass(30_000, replicas);
  t.ok(replicas.flatMap(changes).includes("switch"));
  t.not(print(replicas[0].serving()), before);
});

t.test("whatever the Secret is made into, what is served goes on until its successor is trusted", async (t) => {
  const stranger = await createAuthority("stranger");
  const whole = (await pair()).world.data();
  const cases: readonly (readonly [what: string, data: Readonly<Record<string, string>> | undefined, change: RegExp])[] = [
    ["nothing", undefined, /^replace$/],
    ["words", { "ca.crt": "a", "ca.key": "b", "tls.crt": "c", "tls.key": "d" }, /^replace: ca\.crt and ca\.key .*: tls\.crt and tls\.key/],
    ["a CA of others", { ...whole, "ca.crt": stranger.cert }, /^replace: ca\.crt.*: no CA in ca\.crt signed/],
  ];
  for (const [what, data, change] of cases) {
    const { world, replicas } = await pair();
    const before = print(replicas[0].serving());
    world.write(data);
    await world.pass(3_000, replicas);
    const told = replicas.flatMap(changes);
    t.match(told.at(-1) === "create" ? told.at(-2) : told.find((event) => event.startsWith("replace")), change, what);
    t.same(replicas.map((replica) => print(replica.serving())), [before, before], `${what}: still served`);
    t.same(world.bundles().map((cas) => cas.length), [2, 2], `${what}: both CAs are trusted`);
    await world.pass(2 * MINUTE, replicas);
    for (const replica of replicas) {
      t.not(print(replica.serving()), before, `${what}: the successor is served`);
      for (const cas of world.bundles()) t.ok(world.isTaken(replica.serving() as X509Certificate, cas));
    }
  }
});

t.test("an emptied Secret that a newcomer fills: whoever serves goes on, and the newcomer waits, until the new CA has been trusted for a while", async (t) => {
  const { world, replicas } = await pair();
  const before = print(replicas[0].serving());
  world.write();
  const newcomer = world.start();
  await world.settle([newcomer]);
  t.same(changes(newcomer), ["create"], "it knows nothing of what is served");
  const all = [...replicas, newcomer];
  await world.pass(30_000, all);
  t.same(replicas.map((replica) => print(replica.serving())), [before, before]);
  t.same(world.bundles().map((cas) => cas.length), [2, 2]);
  t.notOk(newcomer.isReady());
  await world.pass(MINUTE, all);
  t.ok(newcomer.isReady());
  t.equal(new Set(all.map((replica) => print(replica.serving()))).size, 1);
  t.not(print(newcomer.serving()), before);
});

t.test("what others put into the caBundle stays for a while, since Pods of another revision may need it", async (t) => {
  const { world, replicas } = await pair({ ca: 365 * DAY, serving: 90 * DAY });
  const now = world.timer.now();
  const [good, ended] = [createCa({ names: ["x"], now, expires: now + 7 * DAY }), createCa({ names: ["x"], now: now - DAY, expires: now - HOUR })].map(({ certificate }) => certificate.toString());
  world.writeBundles(`${good}${ended}no certificate`);
  await world.pass(2_000, replicas);
  t.same(world.bundles().map((cas) => cas.length), [2, 2], "ours is put back, and what has expired goes");
  await world.pass(FOREIGN_STAY, replicas);
  t.same(world.bundles().map((cas) => cas.length), [1, 1]);
  world.writeBundles(good ?? "");
  await world.pass(HOUR, replicas);
  t.same(world.bundles().map((cas) => cas.length), [2, 2], "whoever puts it back has the whole time again");
});

// The model: whatever replicas and API servers see late, each replica that may be called serves what each API server trusts.
const LOOK_OR_WAIT = [
  { weight: 6, arbitrary: record({ kind: constant("look" as const), replica: nat(2), what: constantFrom("secret" as const, "configuration" as const) }) },
  { weight: 4, arbitrary: record({ kind: constant("wait" as const), seconds: integer({ min: 1, max: 600 }) }) },
];
const RESTART = { weight: 1, arbitrary: record({ kind: constant("restart" as const), replica: nat(2) }) };
const EMPTY = { weight: 1, arbitrary: record({ kind: constant("empty" as const) }) };

type Step =
  | { readonly kind: "look"; readonly replica: number; readonly what: "secret" | "configuration" }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "restart"; readonly replica: number }
  | { readonly kind: "empty" };

/** The steps of the clock, and how many of them an API server may be behind, and a replica. */
const TICK = 15_000;
const API_LAG = 2;
const REPLICA_LAG = 12;

class Model {
  readonly world = new Replicas(HOURS);
  readonly #replicas = [this.world.start(), this.world.start(), this.world.start()];
  /** When each replica looked last. */
  readonly #looks = [0, 0, 0];
  /** What API servers may hold: configurations, by the tick that they were written at. */
  #held: readonly { readonly tick: number; readonly bundles: ReturnType<Replicas["bundles"]> }[] = [];
  #tick = 0;

  async begin(): Promise<void> {
    await this.world.pass(2 * MINUTE, this.#replicas);
    this.#check();
  }

  async end(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.stop()));
  }

  async go(step: Step): Promise<void> {
    if (step.kind === "wait") return this.#wait(step.seconds * 1000);
    if (step.kind === "empty") this.world.write();
    else if (step.kind === "restart") await this.#restart(step.replica);
    else this.#replicas[step.replica]?.[step.what].look();
    await turn();
    this.#check();
  }

  async #restart(index: number): Promise<void> {
    await this.#replicas[index]?.stop();
    this.#replicas[index] = this.world.start();
    this.#looks[index] = this.#tick;
  }

  async #wait(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= TICK) {
      this.#tick += 1;
      this.world.timer.advance(Math.min(TICK, left));
      await turn();
      this.#check();
      for (const index of this.#replicas.keys()) await this.#catchUp(index);
    }
  }

  async #catchUp(index: number): Promise<void> {
    const replica = this.#replicas[index];
    if (replica === undefined || this.#tick - (this.#looks[index] ?? 0) < REPLICA_LAG) return;
    this.#looks[index] = this.#tick;
    await this.world.settle([replica]);
    this.#check();
  }

  #check(): void {
    const bundles = this.world.bundles();
    const text = (held: ReturnType<Replicas["bundles"]> | undefined): string => JSON.stringify(held?.map((cas) => cas.map(print)));
    const all = text(this.#held.at(-1)?.bundles) === text(bundles) ? this.#held : [...this.#held, { tick: this.#tick, bundles }];
    this.#held = all.filter((_, index) => (all[index + 1]?.tick ?? this.#tick) >= this.#tick - API_LAG);
    const served = this.#replicas.filter((replica) => replica.isReady()).flatMap((replica) => replica.serving() ?? []);
    const trusted = this.#held.flatMap(({ bundles }) => bundles);
    if (served.some((serving) => trusted.some((cas) => !this.world.isTaken(serving, cas)))) throw new Error("an API server would refuse it");
  }
}

// Not both at once: where nobody is left who knows what was served, there is nothing to go on with.
for (const [what, fault] of [["replicas are restarted", RESTART], ["the Secret is emptied", EMPTY]] as const) {
  t.test(`no replica that may be called ever serves what an API server might refuse, while ${what}`, async (t) => {
    const steps = array(oneof(...LOOK_OR_WAIT, fault), { minLength: 40, maxLength: 100 });
    const holds = async (steps: readonly Step[]): Promise<void> => {
      const model = new Model();
      await model.begin();
      for (const step of steps) await model.go(step);
      await model.end();
    };
    await assert(asyncProperty(steps, holds), { numRuns: 5 });
    t.pass("in no order of events");
  });
}
