import t from "tap";
import { LISTED } from "../../src/audit/listed.ts";
import { digestOfImageId } from "../../src/audit/running.ts";
import { sightingOf } from "../../src/audit/sighting.ts";
import { type Entry, Survey } from "../../src/audit/survey.ts";
import type { JsonObject } from "../../src/json.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const OTHER = `sha256:${"cd".repeat(32)}`;

interface Shape {
  readonly controller?: readonly [kind: string, name: string];
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
}

/** An object as a list has it: without its kind. */
function item(kind: string, name: string, { controller, spec = podSpec(), status = {} }: Shape = {}): JsonObject {
  const template = { template: { spec } };
  const outer = kind === "Pod" ? spec : kind === "CronJob" ? { jobTemplate: { spec: template } } : { ...template, ...("replicas" in spec ? { replicas: spec["replicas"] } : {}) };
  const ownerReferences = controller && [{ apiVersion: "apps/v1", kind: controller[0], name: controller[1], uid: uidOf(...controller), controller: true }];
  const metadata = { name, namespace: "shop", uid: uidOf(kind, name), ...(ownerReferences && { ownerReferences }) };
  return kind === "PodTemplate" ? { metadata, ...template } : { metadata, spec: outer, status };
}

const uidOf = (kind: string, name: string): string => `${kind} ${name}`;
const podSpec = (change: JsonObject = {}): JsonObject => ({ containers: [{ name: "web", image: "web:1" }], ...change });

/** Puts objects in by kind, in the order in which an audit lists kinds. */
function survey(objects: Readonly<Record<string, readonly JsonObject[]>>): Survey {
  const result = new Survey();
  for (const listed of LISTED) for (const object of objects[listed.workload.objectKind] ?? []) result.add(sightingOf(listed, object));
  return result;
}

const rows = (objects: Parameters<typeof survey>[0]): readonly string[] =>
  survey(objects).entries().map(({ owner, image, pods }: Entry) => `${owner.kind} ${owner.name} ${image} ${pods}`).sort();

t.test("a thousand Pods of a Deployment are one entry, and so are its template and its revision", async (t) => {
  const revision = ["ReplicaSet", "web-5c9"] as const;
  const pods = Array.from({ length: 1000 }, (_, i) => item("Pod", `web-5c9-${i}`, { controller: revision }));
  t.same(rows({ Deployment: [item("Deployment", "web")], ReplicaSet: [item("ReplicaSet", "web-5c9", { controller: ["Deployment", "web"] })], Pod: pods }), ["Deployment web web:1 1000"]);
});

t.test("every kind that admission judges is surveyed, and each owns itself", async (t) => {
  const kinds = ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "PodTemplate", "ReplicaSet", "ReplicationController", "StatefulSet"];
  t.same(LISTED.map(({ workload }) => workload.objectKind).sort(), kinds);
  const objects = Object.fromEntries(kinds.map((kind) => [kind, [item(kind, "web")]]));
  t.same(rows(objects), kinds.map((kind) => `${kind} web web:1 ${kind === "Pod" ? 1 : 0}`));
});

t.test("owners: CronJobs above their Jobs, and kinds that nobody listed by their name", async (t) => {
  t.same(
    rows({
      CronJob: [item("CronJob", "report")],
      Job: [item("Job", "report-1", { controller: ["CronJob", "report"] })],
      ReplicaSet: [item("ReplicaSet", "api-7d", { controller: ["Rollout", "api"] })],
      Pod: [item("Pod", "report-1-x", { controller: ["Job", "report-1"] }), item("Pod", "api-7d-x", { controller: ["ReplicaSet", "api-7d"] }), item("Pod", "alone")],
    }),
    ["CronJob report web:1 1", "Pod alone web:1 1", "Rollout api web:1 1"],
  );
});

t.test("what makes no Pod any more is left out, and still leads to the owner of those that are left", async (t) => {
  const old = podSpec({ containers: [{ name: "web", image: "web:0" }], replicas: 0 });
  const ended = (type: string) => ({ status: { conditions: [{ type, status: "True" }] } });
  t.same(
    rows({
      Deployment: [item("Deployment", "web")],
      ReplicaSet: [item("ReplicaSet", "web-0", { controller: ["Deployment", "web"], spec: old }), item("ReplicaSet", "mine", { spec: old })],
      Job: [item("Job", "done", ended("Complete")), item("Job", "failed", ended("Failed")), item("Job", "suspended", { status: { conditions: [{ type: "Suspended", status: "True" }] } })],
      Pod: [item("Pod", "web-0-x", { controller: ["ReplicaSet", "web-0"], spec: old })],
    }),
    ["Deployment web web:0 1", "Deployment web web:1 0", "Job suspended web:1 0", "ReplicaSet mine web:0 0"],
  );
});

t.test("one image with other credentials is another entry", async (t) => {
  const specs = [podSpec(), podSpec({ serviceAccountName: "robot" }), podSpec({ imagePullSecrets: [{ name: "a" }] }), podSpec({ imagePullSecrets: [{ name: "a" }], serviceAccountName: "robot" })];
  const entries = survey({ Pod: specs.map((spec) => item("Pod", "web", { spec })) }).entries();
  t.same(entries.map(({ identity }) => [identity.serviceAccount, ...identity.pullSecrets]), [["default"], ["robot"], ["", "a"]]);
  t.equal(entries.at(-1)?.pods, 2, "a service account is nobody where the Pod has secrets of its own");
});

t.test("what runs is told by the status of each container", async (t) => {
  const spec = podSpec({ initContainers: [{ name: "init", image: "init:1" }], ephemeralContainers: [{ name: "web", image: "debug:1" }], containers: [{ name: "web", image: "web:1" }, { name: "side", image: "web:1" }] });
  const status = {
    initContainerStatuses: [{ name: "init", imageID: `registry.example.com/init@${OTHER}` }],
    containerStatuses: [{ name: "web", imageID: `docker-pullable://web@${DIGEST}` }, { name: "side", imageID: `web@${DIGEST}` }, { name: "gone", imageID: `web@${OTHER}` }],
    ephemeralContainerStatuses: [{ name: "web", imageID: DIGEST }],
  };
  const entries = survey({ Pod: [item("Pod", "a", { spec, status }), item("Pod", "b", { spec, status, controller: ["Job", "j"] }), item("Pod", "c", { spec })] }).entries();
  t.same(
    entries.filter(({ owner }) => owner.name === "a").map(({ image, running }) => [image, [...running]]),
    [
      ["init:1", [[OTHER, { pods: 1, example: "a" }]]],
      ["web:1", [[DIGEST, { pods: 1, example: "a" }]]],
      ["debug:1", []],
    ],
  );
});

t.test("an imageID is compared only when a registry could know it", async (t) => {
  for (const [text, digest] of [
    [`registry.example.com/web@${DIGEST}`, DIGEST],
    [`docker-pullable://registry.example.com:5000/web@${DIGEST}`, DIGEST],
    [DIGEST, undefined],
    [`docker://${DIGEST}`, undefined],
    [`@${DIGEST}`, undefined],
    ["web@sha256:ab", undefined],
    ["", undefined],
  ] as const) {
    t.equal(digestOfImageId(text), digest, text);
  }
});

t.test("an object that cannot be decoded is told of, and hides nothing beside it", async (t) => {
  const result = survey({ Pod: [item("Pod", "odd", { spec: { containers: "none" } }), item("Pod", "web")] });
  t.same(result.malformed(), ["Pod shop/odd could not be decoded: spec.containers: it is not a list"]);
  t.equal(result.entries().length, 1);
});
