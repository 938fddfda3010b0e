import * as fc from "fast-check";
import t from "tap";
import { advisoryBudget, rehearsalBudget, requestBudget } from "../../src/admission/budget.ts";
import { cutLines } from "../../src/admission/cut.ts";
import { ENTRIES, ENTRY_PATHS, entryForWorkload } from "../../src/admission/entry.ts";
import { type Demand, readLabels } from "../../src/admission/labels.ts";
import { Limit } from "../../src/admission/limit.ts";
import { imageLine } from "../../src/admission/message.ts";
import { type DecodedReview, type Resource, type Review, decodeReview } from "../../src/admission/review.ts";
import { type Scope, scopeOf } from "../../src/admission/skip.ts";
import { Slots } from "../../src/admission/slots.ts";
import { POD, type WorkloadResource, decodeWorkload, workloadResource } from "../../src/admission/workload.ts";
import { computeDigest } from "../../src/image/digest.ts";
import { handTimer } from "../helpers/hand-timer.ts";
import { minimalPod, minimalReview, recordedReview, recordedReviewNames } from "../helpers/reviews.ts";
import { tweak, withField, withoutField } from "../helpers/tweak.ts";
import { DEFAULTS } from "./harness.ts";

function decode(review: unknown): DecodedReview {
  return decodeReview(Buffer.from(typeof review === "string" ? review : JSON.stringify(review)));
}

t.test("every review that a real API server sent is decoded", async (t) => {
  for (const name of recordedReviewNames()) {
    const { body } = recordedReview(name);
    const { request } = body as { readonly request: Readonly<Record<string, unknown>> };
    const decoded = decode(body);
    t.match(decoded, { kind: "review", review: { uid: request["uid"], operation: request["operation"], namespace: "shop", name: request["name"] } }, name);
  }
});

t.test("what is no review of v1 cannot be answered, and says why", async (t) => {
  const review = minimalReview();
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ["nothing", "", /not a JSON object/],
    ["no JSON", "{", /not a JSON object/],
    ["a list", "[]", /not a JSON object/],
    ["null", "null", /not a JSON object/],
    ["too deep", `${"[".repeat(100)}${"]".repeat(100)}`, /not a JSON object/],
    ["wrong kind", withField(review, "kind", "Pod"), /not an AdmissionReview/],
    ["no kind", withoutField(review, "kind"), /not an AdmissionReview/],
    ["v1beta1", withField(review, "apiVersion", "admission.k8s.io/v1beta1"), /admissionReviewVersions: \["v1"\]/],
    ["no version", withoutField(review, "apiVersion"), /not of admission.k8s.io\/v1/],
    ["no request", withoutField(review, "request"), /has no request$/],
    ["null request", withField(review, "request", null), /has no request$/],
    ["a response", { ...withoutField(review, "request"), response: { uid: "x", allowed: true } }, /has no request$/],
    ["no uid", withoutField(review, "request.uid"), /no request.uid/],
    ["empty uid", withField(review, "request.uid", ""), /no request.uid/],
    ["a number as uid", withField(review, "request.uid", 7), /no request.uid/],
  ];
  for (const [name, body, message] of rows) t.match(decode(body), { kind: "no-review", message }, name);
  t.match(decodeReview(Buffer.from([0x7b, 0xff, 0x7d])), { kind: "no-review" }, "bytes that are not UTF-8");
});

t.test("a review with a uid that does not say what it is about", async (t) => {
  const review = minimalReview();
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ["operation", "PATCH", /operation is not one of CREATE/],
    ["operation", undefined, /operation/],
    ["operation", "create", /operation/],
    ["resource", null, /resource/],
    ["resource", "pods", /resource/],
    ["resource.version", "", /resource/],
    ["resource.resource", 7, /resource/],
    ["resource.group", 7, /resource/],
    ["subResource", {}, /subResource is not a text/],
    ["namespace", ["shop"], /namespace is not a text/],
    ["name", 7, /name is not a text/],
  ];
  for (const [field, value, message] of rows) {
    t.match(decode(withField(review, `request.${field}`, value)), { kind: "invalid", uid: review.request.uid, message }, `${field} ${JSON.stringify(value)}`);
  }
});

t.test("names, and fields that say nothing", async (t) => {
  const reviewOf = (body: unknown): Review => {
    const decoded = decode(body);
    if (decoded.kind !== "review") throw new TypeError("not decoded");
    return decoded.review;
  };
  const review = minimalReview();
  t.equal(reviewOf(review).name, "web");
  const generated = withField(withField(review, "request.name", ""), "request.object.metadata", { generateName: "web-" });
  t.equal(reviewOf(generated).name, "web-", "generateName stands in");
  t.equal(reviewOf(withoutField(withoutField(review, "request.name"), "request.object")).name, "");
  t.equal(reviewOf(withField(review, "request.subResource", "")).subresource, undefined);
  t.equal(reviewOf(withField(review, "request.namespace", null)).namespace, undefined);
  t.same(reviewOf(withoutField(review, "request.resource.group")).resource, { group: "", version: "v1", resource: "pods" });
  const twice = JSON.stringify(review).replace('"image":', '"image":"first.example.com/x:1","image":');
  t.match(reviewOf(twice).object, { spec: { containers: [{ image: "registry.example.com/shop/web:1.4" }] } }, "of duplicate keys the last counts, as for Kubernetes");
});

const resource = (text: string): Resource => {
  const [name = "", version = "", group = ""] = text.split("/").toReversed();
  return { group, version, resource: name };
};
const TEMPLATES: readonly (readonly [string, string, string])[] = [
  ["v1/podtemplates", "PodTemplate", "template.spec"],
  ["v1/replicationcontrollers", "ReplicationController", "spec.template.spec"],
  ["apps/v1/replicasets", "ReplicaSet", "spec.template.spec"],
  ["apps/v1/deployments", "Deployment", "spec.template.spec"],
  ["apps/v1/statefulsets", "StatefulSet", "spec.template.spec"],
  ["apps/v1/daemonsets", "DaemonSet", "spec.template.spec"],
  ["batch/v1/jobs", "Job", "spec.template.spec"],
  ["batch/v1/cronjobs", "CronJob", "spec.jobTemplate.spec.template.spec"],
];
const WORKLOADS = [["v1/pods", "Pod", "spec"] as const, ...TEMPLATES];

function resourceOf(text: string): WorkloadResource {
  const found = workloadResource(resource(text));
  if (found === undefined) throw new TypeError(`${text} is not known`);
  return found;
}

function wrap(kind: string, path: string, spec: unknown): object {
  const inner = path.split(".").reduceRight<unknown>((value, name) => ({ [name]: value }), spec);
  return { kind, metadata: { name: "web" }, ...(inner as object) };
}

t.test("the resources that have a Pod spec", async (t) => {
  for (const [text, kind, path] of WORKLOADS) {
    t.match(workloadResource(resource(text)), { kind: text === "v1/pods" ? "pod" : "template", objectKind: kind, path: path.split(".") }, text);
  }
  for (const text of ["v1/services", "extensions/v1beta1/deployments", "batch/v1beta1/cronjobs", "apps/v1/pods", "v1/deployments", "v2/pods", "v1/Pods", "v1/__proto__"]) {
    t.equal(workloadResource(resource(text)), undefined, text);
  }
});

// An oracle that knows nothing of Pod specs: whatever is called an image is one.
function* imagesIn(value: unknown, path: string): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const at = Array.isArray(value) ? `${path}[${name}]` : `${path}${path === "" ? "" : "."}${name}`;
    if (name === "image" && typeof inner === "string") yield `${at} ${inner}`;
    else if (name === "image") yield `${at}.reference ${(inner as { reference: string }).reference}`;
    else yield* imagesIn(inner, at);
  }
}

t.test("no image-bearing field escapes the visitor", async () => {
  const text = fc.string({ maxLength: 12 });
  const container = fc.record({ name: text, image: text, env: fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }) });
  const volume = fc.oneof(
    fc.record({ name: text, image: fc.record({ reference: text, pullPolicy: text }) }),
    fc.record({ name: text, configMap: fc.record({ name: text }) }),
  );
  const spec = fc.record(
    {
      containers: fc.array(container, { minLength: 1, maxLength: 4 }),
      initContainers: fc.array(container, { maxLength: 4 }),
      ephemeralContainers: fc.array(container, { maxLength: 4 }),
      volumes: fc.array(volume, { maxLength: 4 }),
      nodeName: text,
    },
    { requiredKeys: ["containers"] },
  );
  fc.assert(
    fc.property(spec, fc.constantFrom(...WORKLOADS), (spec, [text, kind, path]) => {
      const object = wrap(kind, path, spec);
      const decoded = decodeWorkload(resourceOf(text), object);
      if (decoded.kind !== "workload") return false;
      const visited = decoded.workload.uses.map(({ field, image }) => `${field} ${image}`);
      return JSON.stringify(visited.toSorted()) === JSON.stringify([...imagesIn(object, "")].toSorted());
    }),
  );
});

t.test("what is read of a Pod that a real API server sent", async (t) => {
  const { body } = recordedReview("pod-create");
  const decoded = decodeWorkload(POD, (body as { request: { object: unknown } }).request.object);
  t.same(decoded, {
    kind: "workload",
    workload: {
      uses: [
        { kind: "init container", name: "init", image: "registry.example.com/shop/init:1", field: "spec.initContainers[0].image" },
        { kind: "init container", name: "sidecar", image: "registry.example.com/shop/sidecar:1", field: "spec.initContainers[1].image" },
        { kind: "container", name: "web", image: "registry.example.com/shop/web:1.4", field: "spec.containers[0].image" },
        {
          kind: "container",
          name: "tools",
          image: "registry.example.com/shop/tools@sha256:80a5ac442fbd5f50b3c6e692602d5af4f92a55d0eab523909e5cae026edc450c",
          field: "spec.containers[1].image",
        },
        { kind: "image volume", name: "data", image: "registry.example.com/shop/data:1", field: "spec.volumes[0].image.reference" },
      ],
      pullSecrets: ["pull"],
      serviceAccount: "default",
    },
  });
});

t.test("absent, null and empty are the same, as in Kubernetes' JSON", async (t) => {
  const spec = { initContainers: null, ephemeralContainers: [], volumes: null, imagePullSecrets: [{}, { name: "" }], serviceAccountName: "" };
  const pod = { kind: "Pod", spec: { ...spec, containers: [{ image: null }, { name: null, image: "" }, {}] } };
  const decoded = decodeWorkload(POD, pod);
  t.match(decoded, { kind: "workload", workload: { pullSecrets: [], serviceAccount: "default" } });
  if (decoded.kind === "workload") t.same(decoded.workload.uses.map(({ name, image }) => [name, image]), [["", ""], ["", ""], ["", ""]]);
  const volumes = [{ name: "a", image: null }, { name: "b", image: {} }];
  const withVolumes = decodeWorkload(POD, { spec: { containers: [{ name: "web", image: "x" }], volumes } });
  const field = "spec.volumes[1].image.reference";
  t.match(withVolumes, { kind: "workload", workload: { uses: [{ kind: "container" }, { kind: "image volume", name: "b", image: "", field }] } });
  t.match(decodeWorkload(POD, { spec: { containers: [{ image: "x" }], serviceAccountName: "builder" } }), { workload: { serviceAccount: "builder" } });
});

t.test("a shape that Kubernetes would not accept is malformed, with the field", async (t) => {
  const pod = { ...minimalPod("registry.example.com/shop/web:1.4"), spec: { containers: [{ name: "web", image: "x" }], volumes: [{ name: "v", image: { reference: "y" } }] } };
  const rows: readonly (readonly [string, unknown, string])[] = [
    ["spec", undefined, "spec"],
    ["spec", [], "spec"],
    ["spec.containers", undefined, "spec.containers"],
    ["spec.containers", null, "spec.containers"],
    ["spec.containers", [], "spec.containers"],
    ["spec.containers", {}, "spec.containers"],
    ["spec.containers.0", null, "spec.containers[0]"],
    ["spec.containers.0", "web", "spec.containers[0]"],
    ["spec.containers.0.image", 7, "spec.containers[0].image"],
    ["spec.containers.0.image", {}, "spec.containers[0].image"],
    ["spec.containers.0.name", 7, "spec.containers[0].name"],
    ["spec.initContainers", "x", "spec.initContainers"],
    ["spec.ephemeralContainers", [7], "spec.ephemeralContainers[0]"],
    ["spec.volumes", {}, "spec.volumes"],
    ["spec.volumes.0", 7, "spec.volumes[0]"],
    ["spec.volumes.0.image", "y", "spec.volumes[0].image"],
    ["spec.volumes.0.image.reference", ["y"], "spec.volumes[0].image.reference"],
    ["spec.imagePullSecrets", "pull", "spec.imagePullSecrets"],
    ["spec.imagePullSecrets", [{ name: 7 }], "spec.imagePullSecrets[0].name"],
    ["spec.serviceAccountName", 7, "spec.serviceAccountName"],
    ["kind", "EphemeralContainers", "kind"],
  ];
  for (const [field, value, at] of rows) {
    t.match(decodeWorkload(POD, withField(pod, field, value)), { kind: "malformed", field: at }, `${field} ${JSON.stringify(value)}`);
  }
  for (const nothing of [undefined, null]) {
    t.same(decodeWorkload(POD, withField(pod, "spec", nothing)), { kind: "malformed", field: "spec", message: "it is missing" });
  }
  for (const object of [undefined, null, "Pod", []]) t.match(decodeWorkload(POD, object), { kind: "malformed", field: "object" });
  const template = withField(wrap("CronJob", "spec.jobTemplate.spec.template.spec", {}), "spec.jobTemplate.spec", 7);
  t.match(decodeWorkload(resourceOf("batch/v1/cronjobs"), template), { kind: "malformed", field: "spec.jobTemplate.spec", message: "it is not an object" });
});

t.test("labels: every value of every label, and what a bad one is read as", async (t) => {
  const levels = ["none", "signed", "verified"];
  const rows: readonly (readonly [label: string, field: keyof Demand, values: readonly string[], bad: string])[] = [
    ["enforce", "enforce", levels, "verified"],
    ["warn", "warn", levels, "none"],
    ["audit", "audit", levels, "none"],
    ["index", "index", ["both", "covered", "index", "children"], "both"],
    ["require-digest", "requireDigest", ["true", "false"], "true"],
    ["on-outage", "onOutage", ["deny", "allow"], "deny"],
  ];
  // Defaults that no bad value is read as, so that a value that is passed over shows.
  const defaults: Demand = { enforce: "none", warn: "signed", audit: "signed", index: "index", requireDigest: false, onOutage: "allow" };
  for (const [label, field, values, bad] of rows) {
    const key = `pratique.dev/${label}`;
    for (const value of values) {
      const reading = readLabels(new Map([[key, value]]), defaults);
      t.same([String(reading.demand[field]), reading.faults, reading.unknown], [value, [], []], `${key}=${value}`);
    }
    for (const value of ["", "Signed", "SIGNED", " signed", "true ", "no", "__proto__", "constructor", "privileged"]) {
      const reading = readLabels(new Map([[key, value]]), defaults);
      t.equal(String(reading.demand[field]), bad, `${key}=${JSON.stringify(value)}`);
      t.match(reading.faults, [{ key, value, field: `metadata.labels[${key}]`, readAs: bad }]);
    }
    const others = rows.filter(([, other]) => other !== field).map(([, other]) => other);
    const reading = readLabels(new Map([[key, values[0] ?? ""]]), defaults);
    for (const other of others) t.equal(reading.demand[other], defaults[other], `${other} keeps its default beside ${key}`);
  }
  t.same(readLabels(new Map(), defaults), { demand: defaults, faults: [], isLabelled: false, unknown: [] });
  const unknown = readLabels(new Map([["pratique.dev/enfroce", "signed"], ["app", "web"], ["pratique.dev", "x"], ["x-pratique.dev/enforce", "verified"]]), DEFAULTS);
  t.same(unknown, { demand: DEFAULTS, faults: [], isLabelled: true, unknown: ["pratique.dev/enfroce"] });
});

t.test("entries: the paths, and the one that a bare path amounts to", async (t) => {
  t.same([...ENTRY_PATHS], [["/validate", "validate"], ...ENTRIES.map((entry) => [`/validate/${entry}`, entry])]);
  const rows: readonly (readonly ["pod" | "template", Partial<Demand> | undefined, string])[] = [
    ["pod", { enforce: "signed", warn: "signed" }, "enforce"],
    ["pod", { enforce: "verified" }, "enforce"],
    ["template", { enforce: "signed" }, "templates"],
    ["pod", undefined, "enforce"],
    ["template", undefined, "templates"],
    ["pod", { warn: "signed", audit: "signed" }, "observe-warn"],
    ["template", { warn: "verified" }, "observe-warn"],
    ["pod", { audit: "signed" }, "observe-audit"],
    ["template", {}, "observe-audit"],
  ];
  for (const [kind, demand, entry] of rows) {
    t.equal(entryForWorkload(kind, demand && { ...DEFAULTS, ...demand }), entry, `${kind} ${JSON.stringify(demand)}`);
  }
});

t.test("scope: what is skipped, and nothing else", async (t) => {
  const scope = (text: string, subresource: string | undefined, operation: Review["operation"] = "UPDATE"): Scope["kind"] =>
    scopeOf({ uid: "1", operation, resource: resource(text), subresource, namespace: "shop", name: "web", isDryRun: false, object: {}, oldObject: {} }, "validate").kind;
  const skipped = ["status", "scale", "binding", "eviction", "finalize", "token", "exec", "attach", "log", "portforward", "proxy"];
  for (const text of ["v1/pods", "apps/v1/deployments", "v1/namespaces", "v1/secrets"]) {
    t.equal(scope(text, undefined, "DELETE"), "skipped");
    t.equal(scope(text, "anything", "CONNECT"), "skipped");
    for (const subresource of skipped) {
      t.equal(scope(text, subresource), "skipped", `${text}/${subresource}`);
      t.equal(scope(text, subresource, "CREATE"), "skipped", `${text}/${subresource}`);
    }
  }
  for (const subresource of [undefined, "ephemeralcontainers", "resize", "template", "Status", "logs", "status/x", "__proto__"]) {
    t.equal(scope("v1/pods", subresource), "workload", `pods/${subresource}`);
    t.equal(scope("v1/pods", subresource, "CREATE"), "workload", `pods/${subresource}`);
  }
  for (const [text] of TEMPLATES) {
    t.equal(scope(text, undefined), "workload", text);
    t.equal(scope(text, "rollback"), "unknown", `${text}/rollback`);
  }
  t.equal(scope("v1/namespaces", undefined), "namespace");
  t.equal(scope("v1/namespaces", "other"), "unknown");
  for (const text of ["v1/secrets", "pratique.dev/v1/trustpolicies", "extensions/v1beta1/deployments", "apps/v1/namespaces", "v2/namespaces"]) {
    t.equal(scope(text, undefined), "unknown", text);
  }
});

t.test("scope: each entry judges its own resources", async (t) => {
  const scope = (text: string, path: Parameters<typeof scopeOf>[1]): Scope["kind"] =>
    scopeOf({ uid: "1", operation: "CREATE", resource: resource(text), subresource: undefined, namespace: "shop", name: "web", isDryRun: false, object: {}, oldObject: {} }, path).kind;
  const rows: readonly (readonly [Parameters<typeof scopeOf>[1], Scope["kind"], Scope["kind"]])[] = [
    ["enforce", "workload", "unknown"],
    ["templates", "workload", "unknown"],
    ["observe-warn", "workload", "unknown"],
    ["observe-audit", "workload", "unknown"],
    ["namespaces", "unknown", "namespace"],
    ["policies", "unknown", "unknown"],
    ["validate", "workload", "namespace"],
  ];
  for (const [path, workload, namespace] of rows) {
    t.same([scope("v1/pods", path), scope("apps/v1/deployments", path), scope("v1/namespaces", path)], [workload, workload, namespace], path);
  }
});

t.test("budgets, in milliseconds", async (t) => {
  const rows: readonly (readonly [configured: number, timeout: number | undefined, budget: number])[] = [
    [8000, 10_000, 8000],
    [8000, undefined, 8000],
    [30_000, undefined, 9500],
    [30_000, 30_000, 29_500],
    [8000, 5000, 4500],
    [8000, 3000, 2500],
    [8000, 1000, 500],
    [8000, 800, 400],
    [8000, 100, 50],
    [8000, 0, 8000],
    [8000, -1, 8000],
    [8000, Number.NaN, 8000],
  ];
  for (const [configured, timeout, budget] of rows) t.equal(requestBudget(configured, timeout), budget, `${configured} ${timeout}`);
  t.same([advisoryBudget(8000), advisoryBudget(1500)], [2000, 1500]);
  t.same([rehearsalBudget(8000), rehearsalBudget(1000)], [1000, 500]);
});

t.test("lines are cut to a total, and it is said how many are left out", async (t) => {
  t.same(cutLines([], 10), []);
  t.same(cutLines(["abc", "def"], 6), ["abc", "def"]);
  t.same(cutLines(["abc", "0123456789x", "ghi"], 16), ["abc", "and 2 more"]);
  t.same(cutLines(["abc", "def", "0123456789x"], 16), ["abc", "def", "and 1 more"]);
  t.same(cutLines(["abcdefghij"], 8), ["abcde..."]);
  t.same(cutLines(["abcdefghijabcdefghij", "klm"], 22), ["abcdefghi...", "klm"]);
  t.same(cutLines(["a\nb\r\n\u2028\u0007c\n"], 20), ["a b c"], "what would split a line or beep is blanked out");
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 60 }), { maxLength: 200 }), fc.integer({ min: 40, max: 400 }), (lines, total) => {
      return cutLines(lines, total).reduce((sum, line) => sum + line.length, 0) <= total;
    }),
  );
});

t.test("a limit is over at its deadline, when its parent is, and when it is closed", async (t) => {
  const timer = handTimer();
  const never = (): Promise<string> => new Promise(() => undefined);
  const parent = new AbortController();
  const limit = new Limit(1000, parent.signal, timer);
  const inner = limit.within(300);
  const outer = limit.within(5000);
  t.same([inner.left, outer.left, inner.call.deadline], [300, 1000, timer.now() + 300], "an inner limit is never the longer one");
  t.equal(await limit.race(async () => "done", () => "late"), "done");
  await t.rejects(limit.race(() => Promise.reject(new Error("broken")), () => "late"), { message: "broken" });
  const raced = inner.race(never, () => "late");
  timer.advance(300);
  t.equal(await raced, "late");
  t.same([inner.isOver, inner.left, inner.call.signal.aborted, limit.isOver], [true, 0, true, false]);
  t.equal(await inner.race(async () => `started ${String(t.fail("nothing starts late"))}`, () => "late"), "late");
  parent.abort();
  t.same([limit.isOver, outer.isOver], [true, true]);

  const closed = new Limit(1000, new AbortController().signal, timer);
  const within = closed.within(500);
  closed.close();
  t.same([closed.isOver, within.isOver, timer.alarms()], [true, true, []]);
  t.same(timer.alarms(), [], "no alarm is left behind");
  t.ok(new Limit(0, new AbortController().signal, timer).isOver);
  t.ok(new Limit(1000, AbortSignal.abort(), timer).isOver);
});

t.test("slots are handed on in order, also after a failure", async (t) => {
  const slots = new Slots(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const work = (n: number): Promise<void> =>
    slots.run(async () => {
      started.push(n);
      if (n === 1) throw new Error("broken");
      return new Promise((resolve) => ends.push(resolve));
    });
  const all = [1, 2, 3, 4, 5].map(work);
  await t.rejects(all[0] ?? Promise.resolve(), { message: "broken" });
  await new Promise(setImmediate);
  t.same(started, [1, 2, 3]);
  ends[0]?.();
  await all[1];
  await new Promise(setImmediate);
  t.same(started, [1, 2, 3, 4]);
  for (const end of ends) end();
  await new Promise(setImmediate);
  for (const end of ends) end();
  await Promise.all(all.slice(1));
  t.same(started, [1, 2, 3, 4, 5]);

  // However they come and go, there are never more than two at work.
  let busy = 0;
  let most = 0;
  const brief = async (): Promise<void> => {
    busy += 1;
    most = Math.max(most, busy);
    await new Promise(setImmediate);
    busy -= 1;
  };
  for (let wave = 0; wave < 3; wave += 1) await Promise.all(Array.from({ length: 5 }, () => slots.run(brief)));
  t.equal(most, 2);
});

t.test("an image by itself, outside a request", async (t) => {
  const verdict = { kind: "trusted", reason: "Signed", detail: "a cosign signature document claims this digest" } as const;
  const digest = computeDigest("sha256", Buffer.from("x"));
  const line = imageLine({ image: "nginx:1", level: "signed", digest, contents: [], verdict });
  t.equal(line, `nginx:1 (${digest}) passes (Signed): a cosign signature document claims this digest.`);
});

t.test("the minimal review is one", async (t) => {
  t.match(decode(tweak(minimalReview(), () => undefined)), { kind: "review", review: { operation: "CREATE", subresource: undefined } });
});
