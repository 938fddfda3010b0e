import t from "tap";
import { minimalReview, recordedReview, recordedReviewNames } from "./reviews.ts";
import { tweak, withField, withoutField } from "./tweak.ts";

t.test("recorded reviews are what a real API server posts", (t) => {
  const names = recordedReviewNames();
  t.equal(names.length, 29);
  for (const name of names) {
    const { path, headers, body } = recordedReview(name);
    t.match(path, /^\/validate\?timeout=\d+s$/, name);
    t.equal(headers["content-type"], "application/json");
    t.match(body, { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: /./, operation: /^[A-Z]+$/ } }, name);
  }
  t.throws(() => recordedReview("no-such-review"), { code: "ENOENT" });
  t.end();
});

t.test("the minimal review has nothing that a recorded one lacks", (t) => {
  const { request } = minimalReview("registry.example.com/shop/api:2");
  t.match(request.object, { spec: { containers: [{ image: "registry.example.com/shop/api:2" }] } });
  const recorded = recordedReview("pod-create").body as { request: object };
  const kept: Record<string, unknown> = { ...recorded.request };
  for (const key of Object.keys(request)) t.ok(key in kept, key);
  t.match(kept, { kind: request.kind, resource: request.resource, operation: "CREATE", dryRun: false });
  t.end();
});

t.test("one change, on a copy", (t) => {
  const review = minimalReview();
  const before = structuredClone(review);
  const updated = tweak(review, ({ request }) => {
    request.operation = "UPDATE";
  });
  t.equal(updated.request.operation, "UPDATE");
  t.match(withField(review, "request.object.spec.containers.0.image", 42), { request: { object: { spec: { containers: [{ image: 42 }] } } } });
  t.match(withField(review, "request.object.spec.volumes", []), { request: { object: { spec: { volumes: [] } } } });
  t.notOk("uid" in withoutField(review, "request.uid").request);
  t.throws(() => withField(review, "request.objekt.spec", 1), RangeError);
  t.throws(() => withoutField(review, "request.uuid"), RangeError);
  t.strictSame(review, before, "the original is as it was");
  t.end();
});
