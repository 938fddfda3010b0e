import t from "tap";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { tweak, withField } from "../helpers/tweak.ts";
import { minimalReview, type Review } from "../helpers/reviews.ts";
import { type Answer, fits, World } from "./harness.ts";

const key = generateSigningKey();

/** The smallest policy that can be used. */
const POLICY = {
  apiVersion: "pratique.dev/v1alpha1",
  kind: "ClusterTrustPolicy",
  metadata: { name: "release-keys" },
  spec: { images: [{ glob: "harbor.example.com/**" }], authorities: [{ name: "release", key: { data: key.publicKey } as object }] },
};

interface Change {
  readonly namespace?: string;
  readonly operation?: string;
  readonly old?: unknown;
  readonly subResource?: string;
}

function reviewOf(object: unknown, { namespace, operation = "CREATE", old, subResource }: Change = {}): Review {
  const review = minimalReview();
  const resource = { group: "pratique.dev", version: "v1alpha1", resource: namespace === undefined ? "clustertrustpolicies" : "trustpolicies" };
  return { ...review, request: { ...review.request, resource, name: "release-keys", namespace: namespace ?? "", operation, object, oldObject: old, ...(subResource && { subResource }) } };
}

const bySecret = (secretRef: object) => withField(POLICY, "spec.authorities.0.key", { secretRef });
const asked = (world: World, object: unknown, change?: Change): Promise<Answer> => world.ask("policies", reviewOf(object, change));

t.test("a policy that can be used is admitted, on its own path and on the bare one", async (t) => {
  const world = new World();
  fits(t, await asked(world, POLICY), { allowed: true, warnings: [] });
  t.match(await world.ask("validate", reviewOf(POLICY)), { allowed: true });
  t.match(await asked(world, POLICY, { namespace: "shop" }), { allowed: true });
  t.match(await asked(world, POLICY, { subResource: "status" }), { allowed: true });
  t.same(world.admissions.map(({ entry, reason }) => `${entry} ${reason}`), ["policies Admitted", "policies Admitted", "policies Admitted", "policies Skipped"]);
  t.match(await world.ask("enforce", reviewOf(POLICY)), { allowed: false, status: { message: /take it out of the rules of the webhook enforce\.pratique\.dev/ } });
});

t.test("what cannot be read is refused with the field's path, all of it at once", async (t) => {
  const rows: readonly (readonly [name: string, object: unknown, field: string, message: RegExp, change?: Change])[] = [
    ["a misspelt field", withField(POLICY, "spec.treshold", 2), "spec.treshold", /is not a field; did you mean threshold\?/],
    ["a misspelt field of a key", withField(POLICY, "spec.authorities.0.key.hashAlgoritm", "sha256"), "spec.authorities[0].key.hashAlgoritm", /did you mean hashAlgorithm/],
    ["a bad glob", withField(POLICY, "spec.images.0.glob", "harbor.example.com/[a-z]"), "spec.images[0].glob", /no other wildcards/],
    ["an unreadable key", withField(POLICY, "spec.authorities.0.key.data", "ssh-ed25519 AAAA"), "spec.authorities[0].key.data", /PUBLIC KEY/],
    ["a Secret of another namespace", bySecret({ name: "keys", namespace: "kube-system" }), "spec.authorities[0].key.secretRef.namespace", /own namespace only/],
    ["a key service", withField(POLICY, "spec.authorities.0.key", { kms: "gcpkms://x" }), "spec.authorities[0].key.kms", /cosign public-key/],
    ["a keyless authority", withField(POLICY, "spec.authorities.0", { keyless: { identities: [] } }), "spec.authorities[0].keyless", /not there yet/],
    ["a mode", withField(POLICY, "spec.mode", "warn"), "spec.mode", /labels of the namespace/],
    ["a TrustPolicy that widens", withField(POLICY, "spec.authorities.0", { static: { action: "pass" } }), "spec.authorities[0].static.action", /narrows/, { namespace: "shop" }],
  ];
  for (const [name, object, field, message, change] of rows) {
    const world = new World();
    const answer = await asked(world, object, change);
    t.match(answer, { allowed: false, status: { code: 422, reason: "Invalid" } }, name);
    t.same(answer.causes, [`InvalidPolicy ${field}`], name);
    t.match(answer.status.message, message, name);
    t.ok(answer.status.message.startsWith(`${field}: `), `${name}: the message begins with the field`);
    t.match(world.admissions, [{ entry: "policies", decision: "deny", reason: "InvalidPolicy" }], name);
  }
  const both = await asked(new World(), withField(withField(POLICY, "spec.mode", "warn"), "spec.match", []));
  t.same(both.causes, ["InvalidPolicy spec.mode", "InvalidPolicy spec.match"]);
});

t.test("a bad policy that was there before may be labelled, and is told of; a changed one is judged", async (t) => {
  const bad = withField(POLICY, "spec.mode", "warn");
  const labelled = tweak(bad, (copy) => Object.assign(copy.metadata, { labels: { team: "a" } }));
  t.match(await asked(new World(), labelled, { operation: "UPDATE", old: bad }), { allowed: true, warnings: [/spec\.mode: is not supported/] });
  t.match(await asked(new World(), bad, { operation: "UPDATE", old: POLICY }), { allowed: false });
  t.match(await asked(new World(), bad, { operation: "UPDATE" }), { allowed: false }, "without an old object");
  t.match(await asked(new World(), undefined, { operation: "DELETE", old: bad }), { allowed: true });
});

t.test("a Secret that is not there yet draws a warning, one that holds no key is refused", async (t) => {
  const policy = bySecret({ name: "keys", key: "release.pub" });
  const world = new World();
  t.match(await asked(world, policy), { allowed: true, warnings: [/there is no Secret pratique-system\/keys; until it is there, this policy refuses every image that it governs/] });
  t.match(await asked(world, policy, { namespace: "shop" }), { allowed: true, warnings: [/there is no Secret shop\/keys/] }, "a TrustPolicy's is in its own namespace");
  world.policySecrets.set("pratique-system/keys", { kind: "text", text: key.publicKey });
  fits(t, await asked(world, policy), { allowed: true, warnings: [] });
  world.policySecrets.set("pratique-system/keys", { kind: "text", text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" });
  const refused = await asked(world, policy);
  t.same(refused.causes, ["InvalidPolicy spec.authorities[0].key.secretRef"]);
  t.match(refused.status.message, /Secret pratique-system\/keys, key release\.pub, holds a certificate/);
  world.policySecrets.set("pratique-system/keys", { kind: "unknown", message: "the Secret pratique-system/keys could not be read" });
  t.match(await asked(world, policy), { allowed: true, warnings: [/could not be read/] }, "an API server that fails keeps nobody from writing policies");
});

t.test("an answer leaves in time when the Secret does not come", async (t) => {
  const world = new World();
  world.before = (port) => (port === "policySecrets" ? new Promise(() => undefined) : Promise.resolve());
  const answer = asked(world, bySecret({ name: "keys" }));
  while (world.timer.alarms().length === 0) await new Promise(setImmediate);
  world.timer.advance(10_000);
  t.match(await answer, { allowed: true, warnings: [/could not be read in time/] });
});

t.test("a glob of tags is admitted with a word on what it leaves out", async (t) => {
  const answer = await asked(new World(), withField(POLICY, "spec.images.0.glob", "harbor.example.com/shop/web:v*"));
  t.match(answer, { allowed: true, warnings: [/by its digest is not governed/] });
});

t.test("what is no object is refused", async (t) => {
  for (const object of [null, [], "policy", undefined]) t.match(await asked(new World(), object), { allowed: false }, String(object));
});
