// What is let in unchecked, and what by what was found earlier, while a registry cannot be reached.
import t from "tap";
import type { Inspection } from "../../src/inspection/inspect.ts";
import type { Evidence, FailedLocation } from "../../src/verdict/evidence.ts";
import { UndeterminedError } from "../../src/verdict/failure.ts";
import type { UndeterminedReason } from "../../src/verdict/reason.ts";
import type { Verdict } from "../../src/verdict/verdict.ts";
import { minimalReview, type Review } from "../helpers/reviews.ts";
import { tweak, withField } from "../helpers/tweak.ts";
import { digestOf, fits, verdictImage, World } from "./harness.ts";

const DOWN = verdictImage("RegistryUnavailable");
const LIMITED = verdictImage("RateLimited");
const ELSEWHERE = DOWN.replace("harbor.example.com", "registry.example.com");
const BOTH_KEYS = { enforce: "signed", "on-outage": "allow" };

function world(labels: Readonly<Record<string, string>> = BOTH_KEYS): World {
  const made = new World();
  made.labels = new Map(Object.entries(labels).map(([name, value]) => [`pratique.dev/${name}`, value]));
  return made;
}

function pod(...images: readonly string[]): Review {
  return withField(minimalReview(), "request.object.spec.containers", images.map((image, index) => ({ name: `c${index}`, image })));
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
}

t.test("a Pod is let in unchecked with both keys turned, and with no other", async (t) => {
  const rows: readonly (readonly [what: string, labels: Readonly<Record<string, string>>, image: string, allowed: boolean])[] = [
    ["both", BOTH_KEYS, DOWN, true],
    ["a label that says deny", { ...BOTH_KEYS, "on-outage": "deny" }, DOWN, false],
    ["no label", { enforce: "signed" }, DOWN, false],
    ["a label with a typo", { ...BOTH_KEYS, "on-outage": "Allow" }, DOWN, false],
    ["a registry that is not marked", BOTH_KEYS, ELSEWHERE, false],
  ];
  for (const [what, labels, image, allowed] of rows) {
    const w = world(labels);
    const answer = await w.ask("enforce", pod(image));
    t.equal(answer.allowed, allowed, what);
    t.equal(w.outages.length, allowed ? 1 : 0);
    t.equal(Object.hasOwn(answer.annotations, "outage"), allowed);
  }
  const byDefault = world({ enforce: "signed" });
  byDefault.settings = { ...byDefault.settings, defaults: { ...byDefault.settings.defaults, onOutage: "allow" } };
  t.equal((await byDefault.ask("enforce", pod(DOWN))).allowed, true, "the default is a label where there is none");
});

t.test("it is said in the warning, the annotation, the metric and the log, and never called unsigned", async (t) => {
  const w = world();
  const answer = await w.ask("enforce", pod(DOWN, verdictImage("Signed"), LIMITED));
  const line = (name: string, image: string, reason: string, remedy: string): string =>
    `container "${name}": ${image} could not be checked: harbor.example.com answered 503 (${reason}). ${remedy} It is admitted unchecked, since namespace and configuration allow that in an outage.`;
  const lines = [
    line("c0", DOWN, "RegistryUnavailable", "Try again once harbor.example.com answers."),
    line("c2", LIMITED, "RateLimited", "harbor.example.com limits requests: try again later, or use credentials with a higher limit."),
  ];
  t.same(answer.body.response, {
    uid: minimalReview().request.uid,
    allowed: true,
    warnings: lines,
    auditAnnotations: { "enforce-level": "signed", outage: lines.join("; ") },
  });
  t.same(w.outages, [{ uid: minimalReview().request.uid, namespace: "shop", references: [DOWN, LIMITED] }]);
  fits(t, w.admissions, [{ entry: "enforce", decision: "allow", reason: "RegistryUnavailable" }]);
  t.same(w.violations, [], "what was let in is no violation of what is enforced");
  t.notMatch(JSON.stringify(answer.body), /unsigned|not signed/i);
});

t.test("nothing but an outage passes, whatever stands beside it", async (t) => {
  const rows: readonly (readonly [images: readonly string[], reason: string])[] = [
    [[verdictImage("Unauthorized")], "Unauthorized"],
    [[verdictImage("CredentialsUnavailable")], "CredentialsUnavailable"],
    [[verdictImage("UnexpectedAnswer")], "UnexpectedAnswer"],
    [[verdictImage("throw")], "InternalError"],
    [[verdictImage("Unsigned")], "Unsigned"],
    [["Not an image"], "InvalidReference"],
    [[DOWN, verdictImage("Unsigned")], "Unsigned"],
    [[verdictImage("ClaimMismatch"), DOWN], "ClaimMismatch"],
    [[DOWN, "Not an image"], "InvalidReference"],
    [[DOWN, verdictImage("Unauthorized")], "RegistryUnavailable"],
    [[DOWN, ELSEWHERE], "RegistryUnavailable"],
  ];
  for (const [images, reason] of rows) {
    const w = world();
    const answer = await w.ask("enforce", pod(...images));
    t.equal(answer.allowed, false, images.join(" and "));
    fits(t, w.admissions, [{ decision: "deny", reason }]);
    t.same([answer.annotations["outage"], w.outages], [undefined, []]);
    t.equal(answer.causes.length, images.length, "every image that does not pass is named");
  }
});

t.test("time that runs out is no outage: whoever writes the Pod can see to that", async (t) => {
  const w = world();
  const asked = w.ask("enforce", pod(verdictImage("hang")));
  await settle();
  w.timer.advance(8_000);
  const answer = await asked;
  t.equal(answer.allowed, false);
  fits(t, w.admissions, [{ reason: "DeadlineExceeded" }]);
});

t.test("credentials that were not read, and labels that are not known, are no outage of a registry", async (t) => {
  const secrets = world();
  secrets.secretsFailure = new UndeterminedError("CredentialsUnavailable", "the API server answered 503");
  t.equal((await secrets.ask("enforce", pod(verdictImage("Signed")))).allowed, false);
  const labels = world();
  labels.namespaceFailure = new UndeterminedError("NamespaceUnknown", "the API server answered 503");
  t.equal((await labels.ask("enforce", pod(DOWN))).allowed, false);
});

t.test("templates and observers say what they say without an outage", async (t) => {
  const deployment = tweak(minimalReview(), ({ request }) => {
    request.kind = { group: "apps", version: "v1", kind: "Deployment" };
    request.resource = { group: "apps", version: "v1", resource: "deployments" };
    request.object = { kind: "Deployment", metadata: { name: "web" }, spec: { template: { spec: { containers: [{ name: "c0", image: DOWN }] } } } };
  });
  const w = world();
  const template = await w.ask("templates", deployment);
  t.equal(template.allowed, true);
  fits(t, template.warnings, [/Try again once harbor.example.com answers\.$/]);
  t.same(w.outages, [], "its Pods are what is let in");
  const observed = world({ warn: "signed", "on-outage": "allow" });
  fits(t, (await observed.ask("observe-warn", pod(DOWN))).warnings, [/could not be checked/]);
  t.same(observed.outages, []);
  const both = world({ ...BOTH_KEYS, warn: "signed" });
  t.equal((await both.ask("enforce", pod(DOWN))).warnings.length, 1, "one image, one warning");
});

const DIGEST = digestOf("web");

/** A world in which every image comes to this. */
function inspecting(verdict: Verdict, evidence: readonly Evidence[], labels: Readonly<Record<string, string>> = BOTH_KEYS): World {
  const w = world(labels);
  w.inspector = { inspect: async (): Promise<Inspection> => ({ digest: DIGEST, contents: [DIGEST], verdict, platforms: [], evidence, policies: [] }) };
  return w;
}

function undetermined(reason: UndeterminedReason): Verdict {
  return { kind: "undetermined", reason, detail: "nobody listens there", remedy: "Try again.", part: undefined };
}

function failed(change: Partial<FailedLocation>): FailedLocation {
  return { location: "referrers", reason: "RegistryUnavailable", message: "nobody listens there", ...change };
}

function failing(...changes: readonly Partial<FailedLocation>[]): Evidence {
  return { subject: DIGEST, candidates: [], failed: changes.map(failed), exhausted: [] };
}

t.test("every place that failed must be covered", async (t) => {
  const rows: readonly (readonly [what: string, evidence: readonly Evidence[], allowed: boolean])[] = [
    ["one place of the image's own registry", [failing({})], true],
    ["all of them, for either reason", [failing({}, { reason: "RateLimited" }), failing({})], true],
    ["a credential that is refused beside it", [failing({}, { reason: "Unauthorized" })], false],
    ["time that ran out beside it", [failing({}), failing({ reason: "DeadlineExceeded" })], false],
    ["signatures in another registry that is marked", [failing({ host: "harbor.example.com" })], true],
    ["signatures in another registry that is not", [failing({}, { host: "registry.example.com" })], false],
  ];
  for (const [what, evidence, allowed] of rows) {
    const answer = await inspecting(undetermined("RegistryUnavailable"), evidence).ask("enforce", pod("harbor.example.com/shop/web:1"));
    t.equal(answer.allowed, allowed, what);
  }
  const marked = inspecting(undetermined("RegistryUnavailable"), [failing({ host: "harbor.example.com" })]);
  t.equal((await marked.ask("enforce", pod("registry.example.com/shop/web:1"))).allowed, false, "nor does the registry of the signatures vouch for the image's");
});

t.test("what passes by what was found earlier says so, in every mode that asked", async (t) => {
  const image = `harbor.example.com/shop/web@${DIGEST}`;
  const signed: Verdict = { kind: "trusted", reason: "Signed", detail: "a cosign signature document claims this digest" };
  const old = { ...failing({}), staleSeconds: 1_260 };
  const line = `container "c0": ${image} passes (Signed): a cosign signature document claims this digest. That was found 21 min ago, and cannot be looked up again now: nobody listens there.`;
  const w = inspecting(signed, [failing({}), { ...old, staleSeconds: 61 }, old], { enforce: "signed", warn: "signed", audit: "signed" });
  const answer = await w.ask("enforce", pod(image));
  t.same(answer.body.response, { uid: minimalReview().request.uid, allowed: true, warnings: [line], auditAnnotations: { "enforce-level": "signed", stale: line } });
  t.same(w.stale, [{ uid: minimalReview().request.uid, namespace: "shop", reference: image, age: 1_260 }]);
  fits(t, w.admissions, [{ decision: "allow", reason: "Admitted" }]);

  const audited = inspecting(signed, [{ ...old, staleSeconds: 61 }], { audit: "signed" });
  const quiet = await audited.ask("observe-audit", pod(image));
  t.same(quiet.warnings, [], "who only audits is not spoken to");
  t.match(quiet.annotations["stale"], "found 61 s ago");
  t.equal((await inspecting(undetermined("RegistryUnavailable"), [old], { enforce: "signed" }).ask("enforce", pod(image))).allowed, false, "it makes nothing pass that does not");
});
