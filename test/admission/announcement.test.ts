import t from "tap";
import { minimalReview, type Review } from "../helpers/reviews.ts";
import { tweak, withField } from "../helpers/tweak.ts";
import { verdictImage, World } from "./harness.ts";

const UNSIGNED = verdictImage("Unsigned");

function world(labels: Readonly<Record<string, string>>): World {
  const made = new World();
  made.labels = new Map(Object.entries(labels).map(([name, value]) => [`pratique.dev/${name}`, value]));
  return made;
}

const controlled = (review: Review): Review =>
  withField(review, "request.object.metadata.ownerReferences", [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5c9", uid: "uid-1", controller: true }]);
const named = (review: Review, name: string): Review => withField(review, "request.name", name);

t.test("a refusal is announced beside the controller, else beside the object", async (t) => {
  const w = world({ enforce: "signed" });
  const review = named(minimalReview(UNSIGNED), "web");
  await w.ask("enforce", review);
  await w.ask("enforce", controlled(review));
  t.match(w.announcements, [
    { namespace: "shop", about: { apiVersion: "v1", kind: "Pod", name: "web" }, action: "Refuse", reason: "Unsigned", lines: [/^container ".*": .* is not signed \(Unsigned\)/] },
    { about: { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5c9", uid: "uid-1" } },
  ]);
});

t.test("what audit finds in an admitted object is announced, and nothing that passes is", async (t) => {
  const audited = world({ audit: "signed" });
  const deployment = tweak(minimalReview(), ({ request }) => {
    request.resource = { group: "apps", version: "v1", resource: "deployments" };
    request.object = { metadata: { name: "web", uid: "uid-2" }, spec: { template: { spec: { containers: [{ name: "web", image: verdictImage("RegistryUnavailable") }, { name: "side", image: UNSIGNED }] } } } };
    request.name = "web";
  });
  await audited.ask("observe-audit", deployment);
  t.match(audited.announcements, [{ about: { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-2" }, action: "Audit", reason: "Unsigned", lines: [/could not be checked/, /is not signed/] }]);
  for (const [labels, image] of [
    [{ audit: "signed" }, verdictImage("Signed")],
    [{ warn: "signed" }, UNSIGNED],
    [{}, UNSIGNED],
  ] as const) {
    const w = world(labels);
    await w.ask("validate", minimalReview(image));
    t.same(w.announcements, [], JSON.stringify(labels));
  }
  const both = world({ enforce: "signed", audit: "verified" });
  await both.ask("enforce", minimalReview(UNSIGNED));
  t.same(both.announcements.map(({ action }) => action), ["Refuse"], "what is refused is told once");
});

t.test("a dry run leaves nothing outside", async (t) => {
  for (const dryRun of [true, "yes"]) {
    const w = world({ enforce: "signed", audit: "signed" });
    t.equal((await w.ask("enforce", withField(minimalReview(UNSIGNED), "request.dryRun", dryRun))).allowed, false);
    t.same(w.announcements, [], String(dryRun));
  }
  for (const dryRun of [false, null]) {
    const w = world({ enforce: "signed" });
    await w.ask("enforce", withField(minimalReview(UNSIGNED), "request.dryRun", dryRun));
    t.equal(w.announcements.length, 1, String(dryRun));
  }
});

t.test("a refusal without a verdict is announced as well", async (t) => {
  const w = world({ enforce: "signed" });
  await w.ask("enforce", withField(minimalReview(UNSIGNED), "request.object.spec.containers", "none"));
  t.match(w.announcements, [{ action: "Refuse", reason: "InvalidRequest", lines: [/cannot be decoded/] }]);
});
