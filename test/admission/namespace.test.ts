import t from "tap";
import { UndeterminedError } from "../../src/verdict/failure.ts";
import type { RunningPod } from "../../src/admission/ports.ts";
import { minimalReview, recordedReview, type Review } from "../helpers/reviews.ts";
import { tweak, withField } from "../helpers/tweak.ts";
import { type Answer, DEFAULTS, World, digestOf, fits, verdictImage } from "./harness.ts";

const SIGNED = verdictImage("Signed");
const UNSIGNED = verdictImage("Unsigned");
const DOWN = verdictImage("RegistryUnavailable");
const HANG = verdictImage("hang");

type Labels = Readonly<Record<string, unknown>>;

function object(labels: Labels): object {
  const metadata = { name: "shop", labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [`pratique.dev/${name}`, value])) };
  return { kind: "Namespace", apiVersion: "v1", metadata };
}

/** The namespace `shop` with these labels (`enforce`, `warn`, ...); an UPDATE when it had others before. */
function namespace(labels: Labels, oldLabels?: Labels): Review {
  return tweak(minimalReview(), ({ request }) => {
    request.kind = { group: "", version: "v1", kind: "Namespace" };
    request.resource = { group: "", version: "v1", resource: "namespaces" };
    request.name = "shop";
    request.operation = oldLabels === undefined ? "CREATE" : "UPDATE";
    request.object = object(labels);
    request.oldObject = oldLabels === undefined ? null : object(oldLabels);
  });
}

function running(name: string, ...images: readonly string[]): RunningPod {
  return { name, object: { kind: "Pod", metadata: { name }, spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) } } };
}

function worldOf(...pods: readonly RunningPod[]): World {
  const world = new World();
  world.pods = pods;
  return world;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
}

/** Signed is asked for where nothing was. */
const relabel = (world: World, labels: Labels = { enforce: "signed" }, oldLabels: Labels = {}): Promise<Answer> => world.ask("namespaces", namespace(labels, oldLabels));

t.test("a bad value is refused with its field path, unless it was there before", async (t) => {
  const field = (name: string): string => `InvalidLabel metadata.labels[pratique.dev/${name}]`;
  // Labels, old labels (undefined: CREATE), and the causes.
  const rows: readonly (readonly [Labels, Labels | undefined, readonly string[]])[] = [
    [{}, undefined, []],
    [{ enforce: "signed", warn: "verified", audit: "none", index: "covered", "require-digest": "true", "on-outage": "allow" }, undefined, []],
    [{ enforce: "signd" }, undefined, [field("enforce")]],
    [{ enforce: "" }, undefined, [field("enforce")]],
    [{ enforce: "Signed" }, {}, [field("enforce")]],
    [{ warn: "x" }, {}, [field("warn")]],
    [{ audit: "x" }, {}, [field("audit")]],
    [{ index: "all" }, {}, [field("index")]],
    [{ "require-digest": "yes" }, {}, [field("require-digest")]],
    [{ "on-outage": "admit" }, {}, [field("on-outage")]],
    [{ enforce: "signd", warn: "x", audit: "signed" }, {}, [field("enforce"), field("warn")]],
    [{ enforce: "signd" }, { enforce: "signd" }, []],
    [{ enforce: "signd" }, { enforce: "signed" }, [field("enforce")]],
    [{ enforce: "signd" }, { enforce: "singed" }, [field("enforce")]],
    [{ enforce: "signd", warn: "x" }, { enforce: "signd" }, [field("warn")]],
    [{}, { enforce: "signd" }, []],
  ];
  for (const [labels, oldLabels, causes] of rows) {
    for (const path of ["namespaces", "validate"] as const) {
      const world = new World();
      const answer = await world.ask(path, namespace(labels, oldLabels));
      const name = `${JSON.stringify(labels)} after ${JSON.stringify(oldLabels)}`;
      t.equal(answer.allowed, causes.length === 0, name);
      fits(t, world.admissions, [{ entry: "namespaces", reason: causes.length === 0 ? "Admitted" : "InvalidLabel" }], name);
      if (causes.length === 0) continue;
      fits(t, [answer.status.code, answer.status.reason, answer.causes], [422, "Invalid", causes], name);
      t.same(answer.warnings, [], name);
    }
  }
  const refused = await new World().ask("namespaces", namespace({ enforce: "signd", warn: "x" }));
  t.equal(
    refused.status.message,
    'metadata.labels[pratique.dev/enforce]: "signd" is not one of none, signed, verified\nmetadata.labels[pratique.dev/warn]: "x" is not one of none, signed, verified',
  );
  fits(t, refused.status.details, { name: "shop", kind: "namespaces" });
  fits(t, refused.annotations, { error: /enforce.*; .*warn/ });
  const created = withField(namespace({ enforce: "signd" }), "request.oldObject", object({ enforce: "signd" }));
  t.notOk((await new World().ask("namespaces", created)).allowed, "a CREATE has no old value");
  const unread = withField(namespace({ enforce: "signd" }, {}), "request.oldObject", "broken");
  t.notOk((await new World().ask("namespaces", unread)).allowed);
});

t.test("recorded namespace reviews", async (t) => {
  for (const name of ["namespace-create", "namespace-label", "namespace-label-dry-run"]) t.ok((await new World().ask("namespaces", recordedReview(name).body)).allowed, name);
  fits(t, await new World().ask("namespaces", recordedReview("namespace-bad-label").body), { allowed: false, causes: ["InvalidLabel metadata.labels[pratique.dev/enforce]"] });
});

t.test("a namespace that cannot be decoded", async (t) => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["request.object", null],
    ["request.object", "shop"],
    ["request.object.metadata.labels", "x"],
    ["request.object.metadata.labels", { "pratique.dev/enforce": 7 }],
    ["request.object.metadata.labels", { "pratique.dev/enforce": null }],
  ];
  for (const [field, value] of rows) {
    fits(t, await new World().ask("namespaces", withField(namespace({}), field, value)), { allowed: false, causes: ["InvalidRequest metadata.labels"] }, JSON.stringify(value));
  }
  t.ok((await new World().ask("namespaces", withField(namespace({}), "request.object.metadata.labels", null))).allowed);
  t.ok((await new World().ask("namespaces", withField(namespace({}), "request.object.metadata", undefined))).allowed);
});

t.test("what an admitted namespace is warned about", async (t) => {
  const unknown = await new World().ask("namespaces", namespace({ enfroce: "signed", "x\ny": "1" }));
  fits(t, unknown.warnings, [/^unknown label "pratique.dev\/enfroce" has no effect; the labels are pratique.dev\/enforce, pratique.dev\/warn, .*on-outage$/, /"pratique.dev\/x\\ny"/]);
  const old = await new World().ask("namespaces", namespace({ warn: "x" }, { warn: "x" }));
  fits(t, old.warnings, ['metadata.labels[pratique.dev/warn]: "x" is not one of none, signed, verified, so it is read as none']);
  fits(t, old.annotations, { error: /read as none/ });

  const world = worldOf(running("web", UNSIGNED));
  const exempt = await world.ask("namespaces", withField(namespace({ enforce: "signed" }, {}), "request.name", "exempt"));
  fits(t, exempt, { allowed: true, warnings: ['the configuration exempts namespace "exempt" (ExemptNamespace), so its labels have no effect'] });
  t.same(world.questions, [], "none of its Pods would be refused");
  t.same((await world.ask("namespaces", withField(namespace({}, {}), "request.name", "exempt"))).warnings, []);
  t.notOk((await world.ask("namespaces", withField(namespace({ enforce: "bad" }, {}), "request.name", "exempt"))).allowed);
});

t.test("when running Pods are looked at", async (t) => {
  const rows: readonly (readonly [string, Labels, Labels | undefined, boolean])[] = [
    ["enforce comes", { enforce: "signed" }, {}, true],
    ["enforce goes", {}, { enforce: "signed" }, false],
    ["enforce is turned off", { enforce: "none" }, { enforce: "signed" }, false],
    ["another level", { enforce: "verified" }, { enforce: "signed" }, true],
    ["another rule", { enforce: "signed", index: "covered" }, { enforce: "signed" }, true],
    ["another rule where nothing is enforced", { index: "covered" }, {}, false],
    ["digests are required", { enforce: "signed", "require-digest": "true" }, { enforce: "signed" }, true],
    ["another label", { enforce: "signed", warn: "verified", "on-outage": "allow" }, { enforce: "signed" }, false],
    ["nothing", { enforce: "signed" }, { enforce: "signed" }, false],
    ["the default, spelt out", { enforce: "signed", index: "both" }, { enforce: "signed" }, false],
    ["what the bad value meant", { enforce: "verified" }, { enforce: "signd" }, false],
    ["a new namespace", { enforce: "signed" }, undefined, false],
  ];
  for (const [name, labels, oldLabels, looked] of rows) {
    const world = worldOf(running("web", UNSIGNED));
    const answer = await world.ask("namespaces", namespace(labels, oldLabels));
    t.ok(answer.allowed, name);
    t.equal(answer.warnings.length > 0, looked, name);
  }
  const dry = worldOf(running("web", UNSIGNED));
  t.ok((await dry.ask("namespaces", withField(namespace({ enforce: "signed" }, {}), "request.dryRun", true))).warnings.length > 0, "a dry run is a rehearsal");
  const byDefault = worldOf(running("web", UNSIGNED));
  byDefault.settings = { ...byDefault.settings, defaults: { ...DEFAULTS, enforce: "signed" } };
  t.ok((await byDefault.ask("namespaces", namespace({}, { enforce: "none" }))).warnings.length > 0, "taking off a label may ask for more");
});

t.test("running Pods that would now be refused, by image", async (t) => {
  const world = worldOf(running("web-1", UNSIGNED, SIGNED), running("db-0", SIGNED), running("web-2", UNSIGNED, DOWN), running("web-3", SIGNED, UNSIGNED), running("tool", "registry.example.com/tools/debug:1"));
  const answer = await relabel(world);
  const digest = digestOf(UNSIGNED);
  fits(t, answer.warnings, [
    '3 running Pods in namespace "shop" would now be refused',
    `Pod "web-1" (and 2 other Pods): container "c0": ${UNSIGNED} (${digest}) is not signed (Unsigned): no cosign signature on ${digest}. Sign it with`,
    /^Pod "web-2": container "c1": .* could not be checked: harbor.example.com answered 503 \(RegistryUnavailable\)/,
  ]);
  t.equal(answer.warnings.length, 3);
  t.equal(world.questions.length, 3, "each image once for all Pods");
  t.same([world.images, world.violations], [[], []], "a rehearsal is not counted");
  fits(t, world.admissions, [{ entry: "namespaces", decision: "allow", reason: "Admitted", resource: "namespaces", name: "shop" }]);
  t.same((await relabel(worldOf(running("db-0", SIGNED)))).warnings, []);
  fits(t, (await relabel(worldOf(running("a", UNSIGNED), running("b", UNSIGNED)))).warnings[1], /^Pod "a" \(and 1 other Pod\): /);
  fits(t, (await relabel(worldOf(running("a", SIGNED)), { enforce: "signed", "require-digest": "true" })).warnings, ['1 running Pod in namespace "shop" would now be refused', /TagNotAllowed/]);
  fits(t, (await relabel(worldOf(running("a", SIGNED)), { enforce: "verified" })).warnings, [/would now be refused/, /NoPolicy/]);
  const asked = worldOf(running("a", SIGNED));
  await relabel(asked, { enforce: "signed", index: "children" });
  fits(t, asked.questions, [{ level: "signed", rule: "children" }]);
  fits(t, asked.identities, [{ namespace: "shop", pullSecrets: [], serviceAccount: "default" }]);
});

t.test("warnings for many Pods stay in bounds and begin with the count", async (t) => {
  const pods = Array.from({ length: 200 }, (_, index) => running(`web-${index}`, verdictImage("Unsigned", `:${index}`)));
  const { warnings } = await relabel(worldOf(...pods));
  t.ok(warnings.reduce((sum, warning) => sum + warning.length, 0) < 4096);
  fits(t, [warnings[0], warnings.at(-1)], [/^200 running Pods/, /^and \d+ more$/]);
});

t.test("what was not looked at is said", async (t) => {
  const crowd = worldOf(...Array.from({ length: 3001 }, (_, index) => running(`web-${index}`, SIGNED)));
  t.same((await relabel(crowd)).warnings, ["running Pods beyond the first 3000 were not looked at"]);
  const odd = worldOf(running("web", UNSIGNED), { name: "odd", object: { spec: 7 } });
  fits(t, (await relabel(odd)).warnings, [/^1 running Pod in/, "1 running Pod could not be decoded", /^Pod "web"/]);

  const slow = worldOf(running("web", UNSIGNED, HANG), running("slow", HANG));
  const pending = relabel(slow);
  await settle();
  slow.timer.advance(1000);
  fits(t, (await pending).warnings, [/^1 running Pod in/, "not every image of 2 running Pods was looked at: the time was over", /^Pod "web": container "c0"/]);
});

t.test("at most half of the time left, and one second", async (t) => {
  for (const [timeoutMs, budget] of [[10_000, 1000], [1500, 500], [800, 200]] as const) {
    const world = worldOf(running("web", HANG));
    const pending = world.ask("namespaces", namespace({ enforce: "signed" }, {}), { timeoutMs });
    await settle();
    t.equal(world.calls[0] && world.calls[0].deadline - world.timer.now(), budget, `${timeoutMs}`);
    world.timer.advance(budget - 1);
    await settle();
    t.equal(world.admissions.length, 0);
    world.timer.advance(1);
    t.ok((await pending).allowed);
  }
});

t.test("a list of Pods that fails or hangs never stops a label", async (t) => {
  const failing = worldOf();
  failing.podsFailure = new UndeterminedError("NamespaceUnknown", "the Pods of namespace shop could not be listed");
  fits(t, await relabel(failing), { allowed: true, warnings: ["the running Pods could not be looked at: the Pods of namespace shop could not be listed (NamespaceUnknown)"] });

  const broken = worldOf();
  broken.podsFailure = new TypeError("a secret cause");
  fits(t, await relabel(broken), { allowed: true, warnings: [/could not be looked at: an unexpected error in Pratique \(InternalError\)/] });
  fits(t, broken.defects, [{ cause: { message: "a secret cause" } }]);

  const hung = worldOf();
  hung.before = () => new Promise(() => undefined);
  const pending = relabel(hung);
  await settle();
  hung.timer.advance(1000);
  fits(t, await pending, { allowed: true, warnings: [/were not listed in the time .*\(DeadlineExceeded\)/] });

  // Half of the time is for the list: what has come until then is judged in the other half.
  const half = worldOf(running("web", UNSIGNED));
  half.morePods = true;
  half.before = (port, call) => (port === "list" ? new Promise((resolve) => call.signal.addEventListener("abort", () => resolve())) : Promise.resolve());
  const listed = relabel(half);
  await settle();
  half.timer.advance(500);
  fits(t, (await listed).warnings, [/^1 running Pod in/, "running Pods beyond the first 1 were not looked at", /^Pod "web"/]);

  const defective = worldOf(running("web", verdictImage("throw")));
  fits(t, (await relabel(defective)).warnings, [/would now be refused/, /InternalError/]);
  t.equal(defective.defects.length, 1);
});
