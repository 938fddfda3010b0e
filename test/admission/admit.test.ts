import t from "tap";
import { ENTRIES, type EntryPath } from "../../src/admission/entry.ts";
import { Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import type { Locator, Registry } from "../../src/inspection/ports.ts";
import { RefusedError, UndeterminedError } from "../../src/verdict/failure.ts";
import { inspectorPorts } from "../helpers/inspector.ts";
import { minimalReview, recordedReview, type Review } from "../helpers/reviews.ts";
import { tweak, withField, withoutField } from "../helpers/tweak.ts";
import { type Answer, DEFAULTS, World, digestOf, fits, verdictImage } from "./harness.ts";

const PATHS: readonly EntryPath[] = ["validate", ...ENTRIES];
const SIGNED = verdictImage("Signed");
const UNSIGNED = verdictImage("Unsigned");
const DOWN = verdictImage("RegistryUnavailable");
const INVALID = "Not an image";
const EXEMPT = "registry.example.com/tools/debug:1";

function world(labels: Readonly<Record<string, string>> = { enforce: "signed" }): World {
  const made = new World();
  made.labels = new Map(Object.entries(labels).map(([name, value]) => [`pratique.dev/${name}`, value]));
  return made;
}

/** A Pod with one container for each image, `c0`, `c1` and so on. */
function pod(...images: readonly string[]): Review {
  return withField(minimalReview(), "request.object.spec.containers", containers(images));
}

function deployment(...images: readonly string[]): Review {
  return tweak(minimalReview(), ({ request }) => {
    request.kind = { group: "apps", version: "v1", kind: "Deployment" };
    request.resource = { group: "apps", version: "v1", resource: "deployments" };
    request.object = { kind: "Deployment", metadata: { name: "web" }, spec: { template: { spec: { containers: containers(images) } } } };
  });
}

function containers(images: readonly string[]): readonly object[] {
  return images.map((image, index) => ({ name: `c${index}`, image }));
}

/** Lets everything that can go on without the clock go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
}

t.test("over HTTP", async (t) => {
  const types: readonly (readonly [string | undefined, number])[] = [
    ["application/json", 200],
    ["application/json; charset=utf-8", 200],
    ["Application/JSON", 200],
    [undefined, 415],
    ["", 415],
    ["text/json", 415],
    ["application/jsonp", 415],
    ["application/vnd.kubernetes.protobuf", 415],
  ];
  for (const [contentType, status] of types) {
    const answer = await world().ask("enforce", pod(SIGNED), { contentType });
    t.equal(answer.http, status, contentType ?? "no content type");
    if (status !== 200) fits(t, answer.body, { kind: "Status", apiVersion: "v1", status: "Failure", code: 415, reason: "UnsupportedMediaType" });
  }
  for (const body of ["", "{", "null", "[]", '{"kind":"AdmissionReview"}', JSON.stringify(withField(pod(SIGNED), "apiVersion", "admission.k8s.io/v1beta1"))]) {
    for (const path of PATHS) {
      const answer = await world().ask(path, body);
      fits(t, answer, { http: 400, body: { kind: "Status", apiVersion: "v1", status: "Failure", code: 400, reason: "BadRequest", message: String } }, `${path} ${body}`);
      t.equal(answer.allowed, undefined);
    }
  }
});

t.test("a review that cannot be decoded is refused by its uid, but not by an observer", async (t) => {
  for (const path of PATHS) {
    const w = world();
    const answer = await w.ask(path, withField(pod(SIGNED), "request.operation", "PATCH"));
    const isObserver = path.startsWith("observe");
    fits(t, answer, { http: 200, allowed: isObserver, body: { response: { uid: minimalReview().request.uid } } }, path);
    if (isObserver) fits(t, answer.warnings, [/cannot be decoded \(InvalidRequest\): request.operation/]);
    else fits(t, [answer.status.code, answer.causes], [403, ["InvalidRequest request"]]);
    fits(t, answer.annotations, { error: /request.operation/ });
    fits(t, w.admissions, [{ entry: path, operation: "unknown", decision: isObserver ? "allow" : "deny", reason: "InvalidRequest" }]);
  }
});

t.test("the answer is an AdmissionReview of v1 with the uid of the request", async (t) => {
  const allowed = await world().ask("enforce", pod(SIGNED));
  t.same(allowed.body, {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: minimalReview().request.uid, allowed: true, auditAnnotations: { "enforce-level": "signed" } },
  });
  const refused = await world().ask("enforce", withField(pod(UNSIGNED), "request.uid", "another-uid"));
  t.equal(refused.http, 200);
  const digest = digestOf(UNSIGNED);
  const message = `container "c0": ${UNSIGNED} (${digest}) is not signed (Unsigned): no cosign signature on ${digest}. Sign it with \`cosign sign harbor.example.com/shop/unsigned\`.`;
  t.same(refused.body.response, {
    uid: "another-uid",
    allowed: false,
    status: {
      status: "Failure",
      code: 403,
      reason: "Forbidden",
      message,
      details: { name: "web", group: "", kind: "pods", causes: [{ reason: "Unsigned", field: "spec.containers[0].image", message }] },
    },
    auditAnnotations: { "enforce-level": "signed" },
  });
});

t.test("every recorded review, in a namespace that enforces", async (t) => {
  const rows: readonly (readonly [name: string, path: EntryPath, reason: string, looked: readonly string[]])[] = [
    ["pod-create", "enforce", "Admitted", ["shop/init:1", "shop/sidecar:1", "shop/web:1.4", "shop/tools@sha256:80a5ac442fbd5f50b3c6e692602d5af4f92a55d0eab523909e5cae026edc450c", "shop/data:1"]],
    ["pod-create-by-job", "enforce", "Admitted", ["shop/once:1"]],
    ["pod-create-by-replicaset", "enforce", "Admitted", ["shop/web:1.4"]],
    ["pod-create-dry-run", "enforce", "Admitted", ["busybox"]],
    ["pod-create-generate-name", "enforce", "Admitted", ["busybox"]],
    ["pod-update-image", "enforce", "Admitted", ["shop/web:1.5"]],
    ["pod-update-label", "enforce", "Admitted", []],
    ["pod-ephemeralcontainers", "enforce", "Admitted", ["tools/debug:1"]],
    ["pod-status-update", "enforce", "Skipped", []],
    ["pod-binding", "enforce", "Skipped", []],
    ["pod-eviction", "enforce", "Skipped", []],
    ["pod-exec", "enforce", "Skipped", []],
    ["pod-delete", "enforce", "Skipped", []],
    ["deployment-create", "templates", "Admitted", ["shop/web:1.4"]],
    ["deployment-update-image", "templates", "Admitted", ["shop/web:1.6"]],
    ["deployment-scale", "templates", "Skipped", []],
    ["deployment-status-update", "templates", "Skipped", []],
    ["replicaset-create-by-controller", "templates", "Admitted", ["shop/web:1.4"]],
    ["replicaset-update-by-controller", "templates", "Admitted", []],
    ["statefulset-create", "templates", "Admitted", ["shop/db:1"]],
    ["daemonset-create", "templates", "Admitted", ["shop/agent:1"]],
    ["job-create", "templates", "Admitted", ["shop/once:1"]],
    ["cronjob-create", "templates", "Admitted", ["shop/nightly:1"]],
    ["podtemplate-create", "templates", "Admitted", ["shop/tpl:1"]],
    ["replicationcontroller-create", "templates", "Admitted", ["shop/old:1"]],
  ];
  for (const [name, path, reason, looked] of rows) {
    for (const through of [path, "validate"] as const) {
      const w = world();
      w.settings = { ...w.settings, exemptions: { namespaces: new Set(), exemptImage: () => undefined } };
      const answer = await w.ask(through, recordedReview(name).body);
      t.ok(answer.allowed, name);
      t.same(w.questions.map(({ reference }) => reference.text.replace("registry.example.com/", "")), looked, name);
      fits(t, w.admissions, [{ reason, decision: "allow", entry: looked.length === 0 ? through : path }], name);
      t.same(answer.annotations, looked.length === 0 ? {} : { "enforce-level": "signed" }, `${name}: the level is noted when something was judged`);
    }
  }
});

t.test("the same code judges Pods and templates; what a verdict leads to", async (t) => {
  // Rows: image, then for a Pod and for a template: refused with a reason, or admitted with warnings.
  const rows: readonly (readonly [image: string, pod: string | readonly RegExp[], template: string | readonly RegExp[]])[] = [
    [SIGNED, [], []],
    [UNSIGNED, "Unsigned", "Unsigned"],
    [verdictImage("ClaimMismatch"), "ClaimMismatch", "ClaimMismatch"],
    [verdictImage("ImageNotFound"), "ImageNotFound", "ImageNotFound"],
    [DOWN, "RegistryUnavailable", [/could not be checked: harbor.example.com answered 503 \(RegistryUnavailable\)\. Try again/]],
    [verdictImage("Unauthorized"), "Unauthorized", [/could not be checked: .*\(Unauthorized\)/]],
    [verdictImage("throw"), "InternalError", [/could not be checked: an unexpected error in Pratique \(InternalError\)/]],
    [INVALID, "InvalidReference", [/container "c0" \(spec.template.spec.containers\[0\].image\): "Not an image" is not an image reference \(InvalidReference\)/]],
    ["", "InvalidReference", [/: "" is not an image reference \(InvalidReference\): the image reference is empty\. Correct/]],
    [EXEMPT, [], []],
  ];
  for (const [image, ...expected] of rows) {
    const reviews = [["enforce", pod(image)], ["templates", deployment(image)]] as const;
    for (const [index, [path, review]] of reviews.entries()) {
      const outcome = expected[index] ?? [];
      const answer = await world().ask(path, review);
      const name = `${path} ${image}`;
      t.equal(answer.allowed, typeof outcome !== "string", name);
      if (typeof outcome === "string") {
        t.same(answer.causes, [`${outcome} spec.${index === 0 ? "" : "template.spec."}containers[0].image`], name);
        t.same(answer.warnings, [], `${name}: no warnings on a refused request`);
      } else {
        fits(t, answer.warnings, outcome, name);
        t.equal(answer.warnings.length, outcome.length, name);
      }
      t.notMatch(JSON.stringify(answer.body), /a secret cause/);
      if (image === DOWN) t.notMatch(JSON.stringify(answer.body), /unsigned|not signed/i);
    }
  }
});

t.test("modes and levels: three readings of one evaluation", async (t) => {
  // Labels, then what an unsigned and an unreachable image lead to: decision, warnings, annotations.
  const rows: readonly (readonly [Readonly<Record<string, string>>, string, EntryPath, boolean, number, readonly string[]])[] = [
    [{}, UNSIGNED, "validate", true, 0, ["enforce-level"]],
    [{ enforce: "none" }, UNSIGNED, "validate", true, 0, ["enforce-level"]],
    [{ enforce: "signed" }, UNSIGNED, "enforce", false, 0, ["enforce-level"]],
    [{ warn: "signed" }, UNSIGNED, "observe-warn", true, 1, ["enforce-level", "warn-violations"]],
    [{ audit: "signed" }, UNSIGNED, "observe-audit", true, 0, ["audit-violations", "enforce-level"]],
    [{ warn: "signed", audit: "signed" }, UNSIGNED, "observe-warn", true, 1, ["audit-violations", "enforce-level", "warn-violations"]],
    [{ warn: "signed", audit: "signed" }, DOWN, "observe-warn", true, 1, ["audit-violations", "enforce-level", "warn-violations"]],
    [{ warn: "signed", audit: "signed" }, INVALID, "observe-warn", true, 1, ["audit-violations", "enforce-level", "warn-violations"]],
    [{ warn: "signed", audit: "signed" }, SIGNED, "observe-warn", true, 0, ["enforce-level"]],
    [{ warn: "signed", audit: "signed" }, EXEMPT, "observe-warn", true, 0, ["enforce-level", "exempt"]],
    [{ warn: "verified" }, SIGNED, "observe-warn", true, 1, ["enforce-level", "warn-violations"]],
    [{ enforce: "signed", warn: "signed", audit: "signed" }, UNSIGNED, "enforce", false, 0, ["audit-violations", "enforce-level", "warn-violations"]],
    [{ enforce: "signed", warn: "verified", audit: "verified" }, SIGNED, "enforce", true, 1, ["audit-violations", "enforce-level", "warn-violations"]],
    [{ enforce: "verified" }, SIGNED, "enforce", false, 0, ["enforce-level"]],
    [{ enforce: "signed" }, EXEMPT, "enforce", true, 0, ["enforce-level", "exempt"]],
  ];
  for (const [labels, image, path, allowed, warnings, annotations] of rows) {
    const name = `${JSON.stringify(labels)} ${image}`;
    const answer = await world(labels).ask(path, pod(image));
    t.equal(answer.allowed, allowed, name);
    t.equal(answer.warnings.length, warnings, name);
    t.same(Object.keys(answer.annotations).sort(), annotations, name);
    t.equal(answer.annotations["enforce-level"], labels["enforce"] ?? "none", name);
  }
  const answer = await world({ enforce: "none", warn: "signed" }).ask("observe-warn", pod(UNSIGNED));
  fits(t, answer.warnings, [/^container "c0": harbor.example.com\/shop\/unsigned:1 \(sha256:[0-9a-f]{64}\) is not signed \(Unsigned\): /]);
  t.equal(answer.annotations["warn-violations"], answer.warnings[0]);
  const template = await world({ enforce: "signed", warn: "signed" }).ask("templates", deployment(DOWN));
  t.equal(template.warnings.length, 1, "what two modes have to say alike is said once");
  const both = await world({ enforce: "signed" }).ask("enforce", pod(EXEMPT, SIGNED));
  fits(t, both.annotations, { exempt: /^container "c0": registry.example.com\/tools\/debug:1 is exempt \(ExemptImage\): the configuration exempts registry.example.com\/tools\/debug:\*\.$/ });
  const thrice = await world({ enforce: "signed", warn: "signed", audit: "signed" }).ask("enforce", pod(EXEMPT));
  t.notMatch(thrice.annotations["exempt"], /; /, "an exemption is noted once");
  const two = await world({ audit: "signed" }).ask("observe-audit", pod(UNSIGNED, DOWN));
  fits(t, two.annotations["audit-violations"], /^container "c0": .*\.; container "c1": .* could not be checked: /);
});

t.test("defaults hold for a namespace without labels, label by label", async (t) => {
  const w = world({});
  w.settings = { ...w.settings, defaults: { ...DEFAULTS, enforce: "signed", warn: "verified", index: "covered" } };
  t.notOk((await w.ask("enforce", pod(UNSIGNED))).allowed);
  t.same(w.questions.map(({ level, rule }) => `${level} ${rule}`), ["signed covered", "verified covered"]);
  const off = world({ enforce: "none" });
  off.settings = w.settings;
  const answer = await off.ask("observe-warn", pod(UNSIGNED));
  fits(t, [answer.allowed, answer.warnings], [true, [/NoPolicy/]]);
});

t.test("a bad value never opens the gate, and who is refused for it hears of it", async (t) => {
  const w = world({ enforce: "signd", warn: "signd" });
  const answer = await w.ask("enforce", pod(SIGNED));
  t.same(answer.causes, ["NoPolicy spec.containers[0].image"]);
  fits(t, answer.status.message, /\(NoPolicy\).*\nThe namespace's metadata.labels\[pratique.dev\/enforce\]: "signd" is not one of none, signed, verified, so it is read as verified\./);
  fits(t, answer.annotations, { "enforce-level": "verified", error: /pratique.dev\/enforce.*; .*pratique.dev\/warn/ });
  const digest = await world({ enforce: "signed", "require-digest": "yes" }).ask("enforce", pod(SIGNED));
  t.same(digest.causes, ["TagNotAllowed spec.containers[0].image"]);
  fits(t, await world({ warn: "signd", audit: "" }).ask("observe-warn", pod(UNSIGNED)), { allowed: true, warnings: [], annotations: { error: /signd/ } });
});

t.test("require-digest", async (t) => {
  const pinned = `harbor.example.com/shop/signed@${digestOf("x")}`;
  const rows: readonly (readonly [Readonly<Record<string, string>>, string, string | undefined])[] = [
    [{ enforce: "signed", "require-digest": "true" }, SIGNED, "TagNotAllowed"],
    [{ enforce: "signed", "require-digest": "true" }, "nginx", "TagNotAllowed"],
    [{ enforce: "signed", "require-digest": "true" }, pinned, undefined],
    [{ enforce: "signed", "require-digest": "true" }, `harbor.example.com/shop/signed:1@${digestOf("x")}`, undefined],
    [{ enforce: "signed", "require-digest": "false" }, SIGNED, undefined],
    [{ enforce: "signed", "require-digest": "true" }, EXEMPT, undefined],
    [{ enforce: "signed", "require-digest": "true" }, INVALID, "InvalidReference"],
    [{ enforce: "none", "require-digest": "true", warn: "signed", audit: "signed" }, SIGNED, undefined],
  ];
  for (const [labels, image, reason] of rows) {
    const answer = await world(labels).ask("validate", pod(image));
    t.equal(answer.allowed, reason === undefined, `${JSON.stringify(labels)} ${image}`);
    if (reason !== undefined) t.same(answer.causes, [`${reason} spec.containers[0].image`]);
    t.same(answer.warnings, []);
  }
  const w = world({ enforce: "signed", "require-digest": "true" });
  const answer = await w.ask("templates", deployment(SIGNED));
  fits(t, answer.status.message, /^container "c0" \(spec.template.spec.containers\[0\].image\): .* has no digest \(TagNotAllowed\): .*`harbor.example.com\/shop\/signed@sha256:\.\.\.`/);
  t.same([w.questions, w.identities], [[], []], "nothing was looked up");
  const audited = world({ enforce: "signed", audit: "signed", "require-digest": "true" });
  await audited.ask("enforce", pod(UNSIGNED));
  fits(t, audited.violations.map(({ mode, reason }) => `${mode} ${reason}`), ["enforce TagNotAllowed", "audit Unsigned"], "audit asks for a signature alone");
});

t.test("a refusal names every image that does not pass, and the metric the first untrusted one", async (t) => {
  const w = world();
  const review = withField(pod(SIGNED, DOWN, UNSIGNED, verdictImage("ClaimMismatch")), "request.object.spec.volumes", [{ name: "data", image: { reference: INVALID } }]);
  const answer = await w.ask("enforce", withField(review, "request.object.spec.initContainers", [{ name: "i", image: verdictImage("Unauthorized") }]));
  t.same(answer.causes, [
    "Unauthorized spec.initContainers[0].image",
    "RegistryUnavailable spec.containers[1].image",
    "Unsigned spec.containers[2].image",
    "ClaimMismatch spec.containers[3].image",
    "InvalidReference spec.volumes[0].image.reference",
  ]);
  t.same(answer.status.message.split("\n"), answer.status.details.causes.map(({ message }) => message), "one line for each image");
  fits(t, answer.status.message, /^init container "i": .*\ncontainer "c1": .*\n.*\n.*\nimage volume "data" \(spec.volumes\[0\].image.reference\): "Not an image"/);
  fits(t, w.admissions, [{ reason: "Unsigned", decision: "deny" }]);
  const undetermined = world();
  await undetermined.ask("enforce", pod(SIGNED, verdictImage("RateLimited"), DOWN));
  fits(t, undetermined.admissions, [{ reason: "RateLimited", decision: "deny" }]);
  const template = world();
  const refused = await template.ask("templates", deployment(INVALID, DOWN, UNSIGNED));
  fits(t, [template.admissions[0]?.reason, refused.causes.length], ["Unsigned", 3], "a template's placeholder is not what it is refused for");
  const many = await world().ask("enforce", pod(...Array.from({ length: 300 }, (_, index) => verdictImage("Unsigned", `:${index}`))));
  fits(t, many.status.message, /\nand \d+ more$/);
  t.ok(many.status.message.length < 20_000);
  t.equal(many.status.details.causes.length, 300);
});

t.test("UPDATE judges what the old object does not have", async (t) => {
  const update = (before: unknown, after: unknown): Review =>
    tweak(pod(SIGNED), ({ request }) => {
      request.operation = "UPDATE";
      request.object = { kind: "Pod", metadata: { name: "web" }, spec: after };
      request.oldObject = before === undefined ? undefined : { kind: "Pod", metadata: { name: "web" }, spec: before };
    });
  const c = (name: string, image: string): object => ({ name, image });
  const one = { containers: [c("web", UNSIGNED)] };
  const rows: readonly (readonly [string, unknown, object, readonly string[]])[] = [
    ["nothing changed", one, one, []],
    ["a label", one, { ...one, nodeName: "x" }, []],
    ["another tag", one, { containers: [c("web", `${UNSIGNED}.1`)] }, ["spec.containers[0].image"]],
    ["the same content spelt otherwise", { containers: [c("web", "nginx")] }, { containers: [c("web", "docker.io/library/nginx:unsigned")] }, []],
    ["a container more", one, { containers: [c("web", UNSIGNED), c("b", UNSIGNED)] }, ["spec.containers[1].image"]],
    ["another name", one, { containers: [c("web2", UNSIGNED)] }, ["spec.containers[0].image"]],
    ["a known image as ephemeral container", one, { ...one, ephemeralContainers: [c("debugger", UNSIGNED)] }, ["spec.ephemeralContainers[0].image"]],
    ["another kind with the same name", one, { containers: [c("x", SIGNED)], initContainers: [c("web", UNSIGNED)] }, ["spec.initContainers[0].image"]],
    ["a container gone", { containers: [c("a", UNSIGNED), c("b", UNSIGNED)] }, { containers: [c("b", UNSIGNED)] }, []],
    ["containers swapped", { containers: [c("a", UNSIGNED), c("b", SIGNED)] }, { containers: [c("a", SIGNED), c("b", UNSIGNED)] }, ["spec.containers[1].image"]],
    ["an image volume", one, { ...one, volumes: [{ name: "web", image: { reference: UNSIGNED } }] }, ["spec.volumes[0].image.reference"]],
    ["no old object", undefined, one, ["spec.containers[0].image"]],
    ["an old object that cannot be read", { containers: 7 }, one, ["spec.containers[0].image"]],
  ];
  for (const [name, before, after, refused] of rows) {
    const answer = await world().ask("enforce", update(before, after));
    t.same(answer.allowed ? [] : answer.status.details.causes.map(({ field }) => field), refused, name);
  }
  const spelt = world();
  await spelt.ask("enforce", update({ containers: [c("web", "nginx")] }, { containers: [c("web", "docker.io/library/nginx")] }));
  t.equal(spelt.questions.length, 1, "a reference is compared as it is written");
  for (const subresource of ["ephemeralcontainers", "resize", "not-invented-yet"]) {
    const review = tweak(update(one, { ...one, ephemeralContainers: [c("debugger", UNSIGNED)] }), ({ request }) => void (request.subResource = subresource));
    t.same((await world().ask("enforce", review)).causes, ["Unsigned spec.ephemeralContainers[0].image"], subresource);
    t.ok((await world().ask("enforce", tweak(review, ({ request }) => void (request.object = request.oldObject)))).allowed, subresource);
  }
  const created = tweak(update(one, one), ({ request }) => void (request.operation = "CREATE"));
  t.notOk((await world().ask("enforce", created)).allowed, "a CREATE is judged whatever stands beside it");
  const unread = world();
  unread.namespaceFailure = new UndeterminedError("NamespaceUnknown", "the API server did not answer");
  t.ok((await unread.ask("enforce", update(one, one))).allowed, "a label never waits for the namespace's labels");
});

t.test("a changed image is judged whatever the object says of itself", async (t) => {
  const marks: readonly (readonly [string, unknown])[] = [
    ["request.object.metadata.deletionTimestamp", "2026-11-23T20:50:20Z"],
    ["request.object.metadata.annotations", { "kubernetes.io/config.mirror": "x", "pratique.dev/verdict": "trusted", "pratique.dev/exempt": "true" }],
    ["request.object.metadata.ownerReferences", [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", controller: true }]],
    ["request.object.metadata.labels", { "pratique.dev/enforce": "none" }],
    ["request.object.metadata.namespace", "exempt"],
    ["request.object.spec.replicas", 0],
    ["request.dryRun", true],
    ["request.userInfo", { username: "system:serviceaccount:kube-system:replicaset-controller" }],
  ];
  for (const [field, value] of marks) {
    const answer = await world().ask("enforce", withField(pod(UNSIGNED), field, value));
    t.same(answer.causes, ["Unsigned spec.containers[0].image"], field);
  }
  const down = tweak(deployment(UNSIGNED), ({ request }) => {
    request.operation = "UPDATE";
    request.oldObject = deployment(SIGNED).request.object;
    (request.object as { spec: { replicas: number } }).spec.replicas = 0;
  });
  t.notOk((await world().ask("templates", down)).allowed, "scaled down and changed at once");
});

t.test("an object that cannot be decoded", async (t) => {
  const badPod = withField(pod(SIGNED), "request.object.spec.containers", "none");
  const badTemplate = withField(deployment(SIGNED), "request.object.spec.template.spec", undefined);
  for (const [path, review, field] of [["enforce", badPod, "spec.containers"], ["templates", badTemplate, "spec.template.spec"]] as const) {
    const answer = await world().ask(path, review);
    t.same(answer.causes, [`InvalidRequest ${field}`], path);
    fits(t, answer, { status: { code: 403, message: /cannot be decoded \(InvalidRequest\): spec\.(containers|template\.spec): it is/ }, annotations: { "enforce-level": "signed", error: /cannot be decoded/ } });
  }
  t.same((await world().ask("enforce", withField(pod(SIGNED), "request.object", null))).causes, ["InvalidRequest object"]);
  t.same((await world().ask("enforce", withField(pod(SIGNED), "request.object.kind", "Deployment"))).causes, ["InvalidRequest kind"]);
  // Nothing of ours blocks a namespace that does not enforce.
  fits(t, await world({ warn: "signed" }).ask("observe-warn", badPod), { allowed: true, warnings: [/the Pod cannot be decoded/], annotations: { error: /spec.containers/, "enforce-level": "none" } });
  fits(t, await world({ audit: "signed" }).ask("observe-audit", badPod), { allowed: true, warnings: [], annotations: { error: /spec.containers/ } });
  fits(t, await world({}).ask("enforce", badPod), { allowed: true, warnings: [] });
  const answer = await world({ enforce: "signed", warn: "signed" }).ask("observe-warn", badPod);
  fits(t, answer, { allowed: true, warnings: [], annotations: {} });
});

t.test("a namespace is needed", async (t) => {
  for (const path of ["enforce", "templates", "validate"] as const) {
    t.same((await world().ask(path, withoutField(pod(SIGNED), "request.namespace"))).causes, ["InvalidRequest metadata.namespace"], path);
  }
  fits(t, await world().ask("observe-warn", withField(pod(SIGNED), "request.namespace", "")), { allowed: true, warnings: [/names no namespace/] });
});

t.test("an exempt namespace is skipped before anything is read", async (t) => {
  for (const review of [pod(UNSIGNED), deployment(INVALID), withField(pod(SIGNED), "request.object", null)]) {
    const w = world();
    const answer = await w.ask("validate", withField(review, "request.namespace", "exempt"));
    fits(t, answer, { allowed: true, warnings: [], annotations: { exempt: 'the configuration exempts namespace "exempt" (ExemptNamespace)' } });
    t.same([w.reads, w.questions, w.images], [[], [], []]);
    fits(t, w.admissions, [{ decision: "allow", reason: "ExemptNamespace" }]);
  }
  t.notOk((await world().ask("enforce", withField(pod(UNSIGNED), "request.namespace", "exempt2"))).allowed, "names are matched whole");
});

t.test("an unknown resource is denied with the rule to correct, except by an observer", async (t) => {
  const rows: readonly (readonly [EntryPath, Review["request"]["resource"], string | undefined, RegExp])[] = [
    ["enforce", { group: "", version: "v1", resource: "services" }, undefined, /does not judge "v1\/services" here .*rules of the webhook enforce.pratique.dev/],
    ["templates", { group: "apps", version: "v1", resource: "deployments" }, "rollback", /"apps\/v1\/deployments\/rollback" .*webhook templates.pratique.dev/],
    ["enforce", { group: "extensions", version: "v1beta1", resource: "deployments" }, undefined, /"extensions\/v1beta1\/deployments"/],
    ["namespaces", { group: "", version: "v1", resource: "pods" }, undefined, /namespaces.pratique.dev/],
    ["policies", { group: "pratique.dev", version: "v1", resource: "trustpolicies" }, undefined, /policies.pratique.dev/],
    ["enforce", { group: "", version: "v1", resource: "namespaces" }, undefined, /enforce.pratique.dev/],
    ["validate", { group: "", version: "v1", resource: "nodes" }, undefined, /the webhook that calls \/validate/],
    ["observe-warn", { group: "", version: "v1", resource: "nodes" }, undefined, /observe-warn.pratique.dev/],
    ["observe-audit", { group: "", version: "v1", resource: "namespaces" }, undefined, /observe-audit.pratique.dev/],
  ];
  for (const [path, resource, subresource, message] of rows) {
    const w = world();
    const review = tweak(pod(SIGNED), ({ request }) => {
      request.resource = resource;
      if (subresource !== undefined) request.subResource = subresource;
    });
    const answer = await w.ask(path, review);
    if (path.startsWith("observe")) fits(t, answer, { allowed: true, warnings: [message] }, path);
    else fits(t, [answer.allowed, answer.status.code, answer.causes, answer.status.message], [false, 403, ["InvalidRequest request.resource"], message], path);
    t.same(w.reads, [], "nothing was read");
  }
});

t.test("labels that read none are fetched again where the enforcing entry asks", async (t) => {
  const rows: readonly (readonly [EntryPath, Readonly<Record<string, string>>, string | undefined, boolean, readonly string[]])[] = [
    ["enforce", {}, "signed", false, ["labels shop", "freshLabels shop"]],
    ["enforce", { enforce: "none" }, "signed", false, ["labels shop", "freshLabels shop"]],
    ["enforce", { enforce: "none" }, "none", true, ["labels shop", "freshLabels shop"]],
    ["enforce", { enforce: "signed" }, "none", false, ["labels shop"]],
    ["enforce", { enforce: "bad" }, "none", false, ["labels shop"]],
    ["templates", { enforce: "none" }, "signed", true, ["labels shop"]],
    ["observe-warn", { enforce: "none" }, "signed", true, ["labels shop"]],
    ["validate", { enforce: "none" }, "signed", true, ["labels shop"]],
  ];
  for (const [path, labels, fresh, allowed, reads] of rows) {
    const w = world(labels);
    w.fresh = new Map(fresh === undefined ? [] : [["pratique.dev/enforce", fresh]]);
    const answer = await w.ask(path, pod(UNSIGNED));
    t.same([answer.allowed, w.reads], [allowed, reads], `${path} ${JSON.stringify(labels)} then ${fresh}`);
  }
  const w = world({});
  w.freshFailure = new UndeterminedError("NamespaceUnknown", "the API server did not answer for namespace shop");
  t.same((await w.ask("enforce", pod(SIGNED))).causes, ["NamespaceUnknown metadata.namespace"]);
  const warned = world({ warn: "verified" });
  warned.fresh = new Map([["pratique.dev/warn", "signed"]]);
  fits(t, await warned.ask("enforce", pod(UNSIGNED)), { allowed: true, warnings: [/is not signed/] }, "the other modes are read from the fresh labels as well");
});

t.test("observers never refuse, and are silent where something is enforced", async (t) => {
  for (const path of ["observe-warn", "observe-audit"] as const) {
    for (const review of [pod(UNSIGNED), deployment(UNSIGNED), pod(INVALID), pod(verdictImage("throw"))]) {
      const open = await world({ warn: "signed", audit: "signed" }).ask(path, review);
      fits(t, [open.allowed, open.warnings.length], [true, 1], path);
      for (const enforce of ["signed", "verified", "", "nonsense"]) {
        const w = world({ enforce, warn: "signed", audit: "signed" });
        const answer = await w.ask(path, review);
        t.same([answer.allowed, answer.warnings, answer.annotations, w.questions], [true, [], {}, []], `${path} enforce=${enforce}`);
        fits(t, w.admissions, [{ reason: "Skipped" }]);
      }
    }
  }
});

t.test("a bare path derives the entry", async (t) => {
  const rows: readonly (readonly [Readonly<Record<string, string>>, Review, string, boolean])[] = [
    [{ enforce: "signed" }, pod(DOWN), "enforce", false],
    [{ enforce: "signed" }, deployment(DOWN), "templates", true],
    [{ warn: "signed" }, pod(UNSIGNED), "observe-warn", true],
    [{ audit: "signed" }, pod(UNSIGNED), "observe-audit", true],
    [{}, pod(UNSIGNED), "observe-audit", true],
  ];
  for (const [labels, review, entry, allowed] of rows) {
    const w = world(labels);
    t.equal((await w.ask("validate", review)).allowed, allowed, entry);
    fits(t, w.admissions, [{ entry }]);
  }
});

t.test("labels that cannot be read", async (t) => {
  const rows: readonly (readonly [EntryPath, Review, boolean])[] = [
    ["enforce", pod(SIGNED), false],
    ["enforce", deployment(SIGNED), false],
    ["validate", pod(SIGNED), false],
    ["templates", pod(SIGNED), false],
    ["templates", deployment(SIGNED), true],
    ["validate", deployment(SIGNED), true],
    ["observe-warn", pod(SIGNED), true],
    ["observe-audit", deployment(SIGNED), true],
  ];
  for (const [path, review, allowed] of rows) {
    const w = world();
    w.namespaceFailure = new UndeterminedError("NamespaceUnknown", "the API server did not answer for namespace shop");
    const answer = await w.ask(path, review);
    const name = `${path} ${review.request.kind.kind}`;
    t.equal(answer.allowed, allowed, name);
    const message = /^the images could not be checked: the API server did not answer for namespace shop \(NamespaceUnknown\)\. Try again/;
    if (allowed) fits(t, answer.warnings, [message], name);
    else fits(t, [answer.causes, answer.status.message], [["NamespaceUnknown metadata.namespace"], message], name);
    fits(t, answer.annotations, { error: message }, name);
    fits(t, w.admissions, [{ reason: "NamespaceUnknown", decision: allowed ? "allow" : "deny" }], name);
    t.same(w.questions, [], name);
  }
});

t.test("equal images are judged once, distinct ones side by side and in bounds", async (t) => {
  const w = world({ enforce: "signed", warn: "signed", audit: "verified" });
  const review = withField(pod(UNSIGNED, UNSIGNED, SIGNED), "request.object.spec.initContainers", [{ name: "i", image: UNSIGNED }]);
  const answer = await w.ask("enforce", review);
  t.equal(answer.causes.length, 3, "one for each field");
  t.same(w.questions.map(({ reference, level }) => `${level} ${reference.text}`).sort(), [`signed ${SIGNED}`, `signed ${UNSIGNED}`, `verified ${SIGNED}`, `verified ${UNSIGNED}`]);
  t.equal(w.identities.length, 1, "pull secrets are read once");
  t.equal(w.images.length, 4);

  const many = world();
  await many.ask("enforce", pod(...Array.from({ length: 100 }, (_, index) => verdictImage("Signed", `:${index}`))));
  t.equal(many.questions.length, 100);
  t.ok(many.mostLookUps > 1 && many.mostLookUps <= 16, `${many.mostLookUps} at the same time`);
});

t.test("whose pull secrets are used", async (t) => {
  const rows: readonly (readonly [Review, string, object])[] = [
    [pod(SIGNED), "", { namespace: "shop", pullSecrets: [], serviceAccount: "default" }],
    [deployment(SIGNED), "template.spec.", { namespace: "shop", pullSecrets: [], serviceAccount: "default" }],
  ];
  for (const [review, path, identity] of rows) {
    const w = world();
    await w.ask("validate", review);
    t.same(w.identities, [identity]);
    const other = world();
    const named = withField(withField(review, `request.object.spec.${path}serviceAccountName`, "builder"), `request.object.spec.${path}imagePullSecrets`, [{ name: "b" }, { name: "a" }]);
    await other.ask("validate", withField(named, "request.object.metadata.namespace", "elsewhere"));
    t.same(other.identities, [{ namespace: "shop", pullSecrets: ["b", "a"], serviceAccount: "builder" }]);
  }
  const cron = world();
  await cron.ask("templates", recordedReview("cronjob-create").body);
  fits(t, cron.identities, [{ namespace: "shop", serviceAccount: "default" }]);
  for (const image of [INVALID, EXEMPT]) {
    const w = world();
    await w.ask("enforce", pod(image));
    t.same([w.identities, w.questions], [[], []], `${image} needs none`);
  }
});

t.test("pull secrets that cannot be read fail what needs a look-up, and that alone", async (t) => {
  const failure = new UndeterminedError("CredentialsUnavailable", "the API server did not answer for secret shop/pull");
  const w = world();
  w.secretsFailure = failure;
  const fake = await w.ask("enforce", pod(SIGNED, INVALID, EXEMPT, `${SIGNED}.1`));
  t.same(fake.causes, ["CredentialsUnavailable spec.containers[0].image", "InvalidReference spec.containers[1].image", "CredentialsUnavailable spec.containers[3].image"]);

  // With the real inspector, whose order it is: host, level and repository come before any credential.
  const registry: Registry = {
    refuseForbidden: ({ host }) => {
      if (host === "169.254.169.254") throw new RefusedError("RegistryForbidden", "169.254.169.254 is a link-local address");
    },
    fetchManifest: () => Promise.reject(new Error("never asked")),
    fetchBlob: () => Promise.reject(new Error("never asked")),
    listReferrers: () => Promise.reject(new Error("never asked")),
    remembers: () => false,
  };
  const locator: Locator = { locate: () => Promise.reject(new Error("never asked")) };
  const inspector = new Inspector(inspectorPorts(registry, locator), { installation: EMPTY_KEYRING, isSigningRepository: ({ repository }) => repository.host === "harbor.example.com", platforms: [] });
  const real = world({ enforce: "signed", warn: "verified" });
  real.secretsFailure = failure;
  real.inspector = inspector;
  const answer = await real.ask("enforce", pod("169.254.169.254/x:1", "quay.io/x/y:1", SIGNED));
  t.same(answer.causes, ["RegistryForbidden spec.containers[0].image", "RepositoryNotTrusted spec.containers[1].image", "CredentialsUnavailable spec.containers[2].image"]);
  fits(t, answer.status.message, /could not be checked: the API server did not answer for secret shop\/pull \(CredentialsUnavailable\)/);
  t.same(real.defects, []);
  fits(t, real.images.filter(({ level }) => level === "verified").map(({ reason }) => reason), ["RegistryForbidden", "NoPolicy", "NoPolicy"]);
  const template = world();
  template.secretsFailure = failure;
  fits(t, await template.ask("templates", deployment(SIGNED)), { allowed: true, warnings: [/could not be checked: .*\(CredentialsUnavailable\)/] }, "its Secret may come a moment later");
});

t.test("the answer leaves in time whatever hangs", async (t) => {
  const hang = verdictImage("hang");
  const w = world();
  const asked = w.ask("enforce", pod(SIGNED, hang, UNSIGNED, `${hang}.1`), { timeoutMs: 5000, receivedAt: w.timer.now() - 1000 });
  await settle();
  fits(t, w.calls[0], { deadline: w.timer.now() + 3500 }, "the time is counted from the first byte");
  w.timer.advance(3499);
  await settle();
  t.equal(w.admissions.length, 0);
  w.timer.advance(1);
  const answer = await asked;
  t.same(answer.causes, ["DeadlineExceeded spec.containers[1].image", "Unsigned spec.containers[2].image", "DeadlineExceeded spec.containers[3].image"]);
  fits(t, answer.status.message, /hang:1 could not be checked: .* \(DeadlineExceeded\)\. Try again/);
  t.ok(w.calls.every(({ signal }) => signal.aborted), "what is still under way is told");
  fits(t, w.admissions, [{ reason: "Unsigned", seconds: 4.5 }]);

  const template = world();
  const admitted = template.ask("templates", deployment(hang));
  await settle();
  template.timer.advance(10_000);
  fits(t, await admitted, { allowed: true, warnings: [/could not be checked: .*\(DeadlineExceeded\)/] });

  for (const port of ["labels", "freshLabels", "keyring"]) {
    const stuck = world(port === "freshLabels" ? {} : { enforce: "signed" });
    stuck.before = (name) => (name === port ? new Promise(() => undefined) : Promise.resolve());
    const pending = stuck.ask("enforce", pod(SIGNED));
    await settle();
    stuck.timer.advance(8000);
    const refused = await pending;
    fits(t, [refused.allowed, refused.causes[0]], [false, /^DeadlineExceeded (spec.containers\[0\].image|metadata.namespace)$/], port);
  }
});

t.test("an image that nobody came to look at in time is told apart from one whose registry was slow", async (t) => {
  const w = world();
  const images = Array.from({ length: 17 }, (_, i) => `${verdictImage("hang")}.${i}`);
  const asked = w.ask("enforce", pod(...images));
  await settle();
  w.timer.advance(10_000);
  const reasons = (await asked).causes.map((cause) => cause.split(" ")[0]);
  t.same(reasons, [...images.slice(1).map(() => "DeadlineExceeded"), "Overloaded"]);
});

t.test("time that was over before, and a caller who has gone", async (t) => {
  const w = world();
  const late = await w.ask("enforce", pod(SIGNED), { receivedAt: w.timer.now() - 9000 });
  t.same([late.causes, w.questions], [["DeadlineExceeded metadata.namespace"], []]);
  t.ok((await world().ask("templates", deployment(UNSIGNED), { receivedAt: 0 })).allowed);

  const gone = new AbortController();
  const hung = world();
  const pending = hung.ask("enforce", pod(verdictImage("hang")), { signal: gone.signal });
  await settle();
  gone.abort();
  t.same((await pending).causes, ["DeadlineExceeded spec.containers[0].image"]);
  t.ok(hung.calls[0]?.signal.aborted);

  // The keyring comes just as the time is over: nothing is looked up any more.
  const tight = world();
  tight.before = async (name) => void (name === "keyring" && tight.timer.advance(8000));
  t.same((await tight.ask("enforce", pod(SIGNED))).causes, ["DeadlineExceeded spec.containers[0].image"]);
  await settle();
  t.same(tight.questions, []);
});

t.test("warn and audit alone take at most two seconds", async (t) => {
  const hang = verdictImage("hang");
  for (const path of ["observe-warn", "validate"] as const) {
    const w = world({ warn: "signed", audit: "signed" });
    const asked = w.ask(path, pod(hang, UNSIGNED));
    await settle();
    w.timer.advance(1999);
    await settle();
    t.equal(w.admissions.length, 0);
    w.timer.advance(1);
    const answer = await asked;
    fits(t, [answer.allowed, answer.warnings], [true, [/could not be checked: .*\(DeadlineExceeded\)/, /is not signed/]], path);
  }
  // What is enforced as well has the whole time; what only warn asks for has not.
  const w = world({ enforce: "signed", warn: "signed", audit: "verified" });
  w.before = (port, call) => (port === "inspect" && call.deadline > w.timer.now() + 2000 ? new Promise((resolve) => w.timer.after(3000, resolve)) : Promise.resolve());
  const asked = w.ask("enforce", pod(SIGNED));
  await settle();
  t.same(w.calls.map(({ deadline }) => deadline - w.timer.now()), [8000, 2000]);
  w.timer.advance(3000);
  const answer = await asked;
  fits(t, [answer.allowed, answer.warnings], [true, []]);
});

t.test("a defect of ours is logged with its cause and never allows a Pod", async (t) => {
  const rows: readonly (readonly [EntryPath, Review, boolean])[] = [
    ["enforce", pod(SIGNED), false],
    ["validate", pod(SIGNED), false],
    ["templates", deployment(SIGNED), true],
    ["observe-warn", pod(SIGNED), true],
  ];
  for (const [path, review, allowed] of rows) {
    const w = world();
    const cause = new TypeError("a secret cause");
    w.namespaceFailure = cause;
    const answer = await w.ask(path, review);
    t.equal(answer.allowed, allowed, path);
    t.same(w.defects, [{ uid: review.request.uid, cause }]);
    fits(t, w.admissions, [{ reason: "InternalError" }]);
    t.notMatch(JSON.stringify(answer.body), /secret cause/);
    if (allowed) fits(t, answer.warnings, [/could not be checked: an unexpected error in Pratique \(InternalError\)/]);
    else fits(t, [answer.status.code, answer.causes], [403, ["InternalError request"]]);
  }
  const secrets = world();
  secrets.secretsFailure = new TypeError("a secret cause");
  t.same((await secrets.ask("enforce", pod(SIGNED))).causes, ["InternalError spec.containers[0].image"]);
  t.equal(secrets.defects.length, 1);
  const exemption = world();
  exemption.settings = {
    ...exemption.settings,
    exemptions: {
      namespaces: new Set(),
      exemptImage: () => {
        throw new TypeError("a secret cause");
      },
    },
  };
  t.same((await exemption.ask("enforce", pod(SIGNED))).causes, ["InternalError request"]);
});

t.test("warnings stay under 4,096 characters in total, on one line each", async (t) => {
  const images = Array.from({ length: 50 }, (_, index) => verdictImage("Unsigned", `:${index}`));
  const answer = await world({ warn: "signed", audit: "signed" }).ask("observe-warn", pod(...images));
  const total = answer.warnings.reduce((sum, warning) => sum + warning.length, 0);
  t.ok(total < 4096 && total > 3000, `${total} characters`);
  fits(t, answer.warnings.at(-1), /^and \d+ more$/);
  fits(t, answer.warnings.slice(0, -1), answer.warnings.slice(0, -1).map(() => /Sign it with `cosign sign [^`]+`\.$/), "none is cut in the middle");
  fits(t, answer.annotations["audit-violations"], /; and \d+ more$/);
  const odd = await world({ warn: "signed" }).ask("observe-warn", pod("evil\nWarning: all is well\u001b[2J\u202e"));
  fits(t, odd.warnings, [/"evil\\nWarning: all is well\\u001b\[2J\\u202e" is not an image reference/]);
  const named = await world().ask("enforce", withField(pod(UNSIGNED), "request.object.spec.containers.0.name", 'x": fine\n'));
  fits(t, named.status.message, /^container "x\\": fine\\n": /);
});

t.test("what is recorded", async (t) => {
  const w = world({ enforce: "signed", warn: "verified" });
  const review = tweak(pod(UNSIGNED, UNSIGNED, EXEMPT), ({ request }) => {
    request.operation = "UPDATE";
    request.subResource = "ephemeralcontainers";
  });
  const pending = w.ask("enforce", review, { receivedAt: w.timer.now() - 250 });
  await pending;
  const { uid } = review.request;
  t.same(w.admissions, [
    { uid, entry: "enforce", operation: "UPDATE", decision: "deny", reason: "Unsigned", seconds: 0.25, namespace: "shop", resource: "pods/ephemeralcontainers", name: "web" },
  ]);
  const digest = digestOf(UNSIGNED);
  t.same(w.images, [
    { uid, level: "signed", verdict: "untrusted", reason: "Unsigned", reference: UNSIGNED, digest },
    { uid, level: "signed", verdict: "exempt", reason: "ExemptImage", reference: EXEMPT, digest: undefined },
    { uid, level: "verified", verdict: "untrusted", reason: "NoPolicy", reference: UNSIGNED, digest },
    { uid, level: "verified", verdict: "exempt", reason: "ExemptImage", reference: EXEMPT, digest: undefined },
  ]);
  t.same(w.violations, [
    { uid, mode: "enforce", level: "signed", reason: "Unsigned", namespace: "shop", reference: UNSIGNED },
    { uid, mode: "warn", level: "verified", reason: "NoPolicy", namespace: "shop", reference: UNSIGNED },
  ]);
  const template = world();
  await template.ask("templates", deployment(DOWN));
  t.same(template.violations, [], "what is let in did not violate what is enforced");
  fits(t, template.admissions, [{ entry: "templates", decision: "allow", reason: "Admitted", resource: "deployments" }]);
  const odd = world();
  await odd.ask("enforce", pod("x".repeat(5000)));
  t.ok((odd.images[0]?.reference.length ?? 0) < 300, "what is no reference is not logged whole");
  const future = world();
  await future.ask("enforce", pod(SIGNED), { receivedAt: future.timer.now() + 50 });
  fits(t, future.admissions, [{ seconds: 0 }]);
});

t.test("a message names part, digest and remedy", async (t) => {
  const w = world();
  const index = digestOf("index");
  const arm = digestOf("arm64");
  const withPart = (kind: "untrusted" | "undetermined", name: string, more: number): Promise<Answer> => {
    const part = { name, digest: arm, more };
    const verdict =
      kind === "untrusted"
        ? ({ kind, reason: "PlatformUnsigned", detail: `no cosign signature on ${arm}.`, remedy: "Sign it.", part } as const)
        : ({ kind, reason: "RegistryUnavailable", detail: "harbor.example.com answered 503", remedy: "Try again.", part } as const);
    w.inspector = { inspect: async () => ({ digest: index, contents: [index], verdict, platforms: [], evidence: [], policies: [] }) };
    return w.ask("enforce", pod(`harbor.example.com/shop/web@${index}`));
  };
  t.equal((await withPart("untrusted", "linux/arm64", 0)).status.message, `container "c0": harbor.example.com/shop/web@${index} is not signed for linux/arm64 (PlatformUnsigned): no cosign signature on ${arm}. Sign it.`);
  fits(t, (await withPart("untrusted", "linux/arm64", 2)).status.message, / is not signed for linux\/arm64 and 2 more \(PlatformUnsigned\)/);
  fits(t, (await withPart("undetermined", "linux/arm64", 1)).status.message, / could not be checked: linux\/arm64 and 1 more: harbor.example.com answered 503 \(RegistryUnavailable\)\. Try again\.$/);
});
