import { join } from "node:path";
import t, { type Test } from "tap";
import { ClusterClient } from "../../../src/adapters/kubernetes/cluster-client.ts";
import { type PolicyStatus, readStatus, statusOf } from "../../../src/adapters/kubernetes/policy-status.ts";
import { PolicyStatusWriter } from "../../../src/adapters/kubernetes/policy-status-writer.ts";
import { PolicyWatch } from "../../../src/adapters/kubernetes/policy-watch.ts";
import { decodePolicy } from "../../../src/trust/decode.ts";
import { resolvePolicy, type SecretText } from "../../../src/trust/resolve.ts";
import { ApiServerDouble, type Stored } from "../../helpers/api-server-double.ts";
import { temporaryFolder } from "../../helpers/folder.ts";
import { handTimer, type HandTimer } from "../../helpers/hand-timer.ts";
import { ALL_POLICIES, CLUSTER_POLICIES, clusterPolicy, inSecret, policiesOf, secretsOf, textSecret, trustPolicy } from "../../helpers/policy-objects.ts";
import { Queue } from "../../helpers/queue.ts";
import { generateSigningKey } from "../../helpers/signing-key.ts";
import { until } from "../../helpers/until.ts";

const INSTALLATION = "pratique-system";
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${INSTALLATION}/leases`;
/** As the chart makes it. */
const EMPTY_LEASE: Stored = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "pratique-policy-status" } };
const START = "2026-11-23T17:00:00Z";
const PEM = generateSigningKey().publicKey;

interface Replica {
  readonly watch: PolicyWatch;
  readonly writer: PolicyStatusWriter;
  readonly told: Queue<Error>;
}

interface Bench {
  readonly api: ApiServerDouble;
  readonly timer: HandTimer;
  /** Starts one, which the API server knows by its name. */
  readonly replica: (name: string) => Promise<Replica>;
  /** Writes of a status so far: `a release-keys`. */
  readonly patches: () => readonly string[];
  /** Goes on by 5 s, after which every replica looks at the Lease, and waits until they have nothing more to ask. */
  readonly renewal: () => Promise<void>;
  /** Who holds the Lease. */
  readonly holder: () => unknown;
  readonly condition: (collection: string, name: string) => Record<string, unknown> | undefined;
}

async function bench(t: Test): Promise<Bench> {
  const api = await ApiServerDouble.start();
  for (const collection of [CLUSTER_POLICIES, ALL_POLICIES]) api.serve(collection);
  api.put(LEASES, EMPTY_LEASE);
  t.teardown(() => api.close());
  const timer = handTimer(Date.parse(START));
  let busy = 0;
  const counting =
    <Args extends readonly unknown[], Result>(ask: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> => {
      busy += 1;
      return ask(...args).finally(() => {
        busy -= 1;
      });
    };
  const idle = async (): Promise<void> => {
    await new Promise(setImmediate);
    await until(() => busy === 0);
  };
  const replica = async (name: string): Promise<Replica> => {
    const file = join(await temporaryFolder(t, { kubeconfig: api.kubeconfig({ token: name }) }), "kubeconfig");
    const client = new ClusterClient({ kind: "kubeconfig", file }, timer);
    const told = new Queue<Error>();
    const recorder = { watchRestarted: () => undefined, secretIgnored: () => undefined, statusNotWritten: (cause: Error) => told.push(cause) };
    const watch = new PolicyWatch(client, { timer, recorder, jitter: () => 0, installation: INSTALLATION, changed: () => writer.wake() });
    const counted = { get: counting(client.get.bind(client)), send: counting(client.send.bind(client)) };
    const writer = new PolicyStatusWriter(counted, watch, { timer, recorder, installation: INSTALLATION, holder: name });
    t.teardown(async () => {
      await Promise.all([watch.stop(), writer.stop()]);
      await client.close();
    });
    watch.start();
    writer.start();
    await watch.attempted;
    return { watch, writer, told };
  };
  return {
    api,
    timer,
    replica,
    patches: () => api.requests.filter(({ method }) => method === "PATCH").map(({ authorization, path }) => `${authorization?.slice(7)} ${path.split("/").at(-2)}`),
    renewal: async () => {
      await idle();
      timer.advance(5_000);
      await idle();
    },
    holder: () => (api.object(LEASES, "pratique-policy-status")?.["spec"] as { readonly holderIdentity?: string } | undefined)?.holderIdentity,
    condition: (collection, name) => conditionOf(api.object(collection, name)),
  };
}

function conditionOf(object: Stored | undefined): Record<string, unknown> | undefined {
  return (object?.["status"] as { readonly conditions?: readonly Record<string, unknown>[] } | undefined)?.conditions?.[0];
}

t.test("each policy's status is written once, and again when it is another", async (t) => {
  const { api, timer, replica, patches, condition, renewal } = await bench(t);
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: PEM }, 3));
  api.put(policiesOf("shop"), trustPolicy("shop", "ours", inSecret("cosign")));
  await replica("a");
  await until(() => patches().length === 2);
  const patch = api.requests.find(({ method }) => method === "PATCH");
  t.match(patch, { path: `${CLUSTER_POLICIES}/release-keys/status`, contentType: "application/merge-patch+json" });
  t.equal(patch?.query.get("fieldManager"), "pratique");
  t.match(api.object(CLUSTER_POLICIES, "release-keys"), { status: { observedGeneration: 3 }, spec: { images: [{ glob: "**" }] } });
  t.match(condition(CLUSTER_POLICIES, "release-keys"), { type: "Ready", status: "True", reason: "Valid", observedGeneration: 3, lastTransitionTime: START });
  const missing = { status: "False", reason: "KeyUnavailable", message: "spec.authorities[0].key.secretRef: there is no Secret shop/cosign" };
  t.match(condition(policiesOf("shop"), "ours"), missing);

  for (let i = 0; i < 4; i += 1) await renewal();
  t.equal(patches().length, 2, "what stands there is not written again");

  api.put(secretsOf("shop"), textSecret("cosign", { "cosign.pub": PEM }));
  await until(() => timer.alarms().includes(10_000));
  timer.advance(10_000);
  await until(() => condition(policiesOf("shop"), "ours")?.["status"] === "True");
  t.not(condition(policiesOf("shop"), "ours")?.["lastTransitionTime"], START);

  api.put(CLUSTER_POLICIES, { ...clusterPolicy("release-keys", { data: PEM }, 4), status: api.object(CLUSTER_POLICIES, "release-keys")?.["status"] });
  await until(() => condition(CLUSTER_POLICIES, "release-keys")?.["observedGeneration"] === 4);
  t.equal(condition(CLUSTER_POLICIES, "release-keys")?.["lastTransitionTime"], START, "it has been ready all the time");
  t.equal(patches().length, 4);
});

t.test("of two replicas one writes; when it stops, the other goes on", async (t) => {
  const { api, replica, patches, condition, renewal, holder } = await bench(t);
  const first = await replica("a");
  await until(() => holder() === "a");
  await replica("b");
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }));
  await until(() => condition(CLUSTER_POLICIES, "one") !== undefined);
  await renewal();
  t.strictSame(patches(), ["a one"]);
  t.match(api.object(LEASES, "pratique-policy-status"), { kind: "Lease", spec: { holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0, renewTime: /^\S{19}\.\d{6}Z$/ } });

  await first.writer.stop();
  t.equal(holder(), "", "given up");
  await renewal();
  await until(() => holder() === "b");
  api.put(CLUSTER_POLICIES, clusterPolicy("two", { data: PEM }));
  await until(() => condition(CLUSTER_POLICIES, "two") !== undefined);
  t.strictSame(patches(), ["a one", "b two"]);
  t.match(api.object(LEASES, "pratique-policy-status"), { spec: { leaseTransitions: 1 } });
});

t.test("a replica that has gone is replaced once its Lease has not changed for as long as it lasts", async (t) => {
  const { api, replica, patches, condition, renewal, holder } = await bench(t);
  const first = await replica("a");
  await until(() => holder() === "a");
  await replica("b");
  api.fault = ({ authorization, kind }) => (authorization === "Bearer a" && kind !== "watch" ? "drop" : undefined);
  for (let i = 0; i < 3; i += 1) {
    await renewal();
    t.equal(holder(), "a", `after ${i * 5 + 5} s`);
  }
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }));
  await until(() => first.watch.known().length === 1);
  t.strictSame(patches(), [], "whoever cannot renew its Lease stops before another takes it");
  await renewal();
  await until(() => condition(CLUSTER_POLICIES, "one") !== undefined);
  t.equal(holder(), "b");
  t.match(await first.told.next(), { code: "Unavailable", message: /^the Lease pratique-system\/pratique-policy-status could not be renewed/ });
  api.fault = () => undefined;
  await renewal();
  t.strictSame([holder(), patches()], ["b", ["b one"]]);
});

t.test("a Lease that nobody makes for half a minute is made by one of the replicas", async (t) => {
  const { api, replica, patches, condition, holder, renewal } = await bench(t);
  api.remove(LEASES, "pratique-policy-status");
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }));
  const { told } = await replica("a");
  await replica("b");
  t.match(await told.next(), { code: "NotFound", message: /^the Lease pratique-system\/pratique-policy-status could not be renewed: .*; it is made in half a minute, unless it was there before: apply the chart again then/ });
  for (let renewals = 0; renewals < 5; renewals += 1) await renewal();
  t.strictSame([patches(), api.object(LEASES, "pratique-policy-status")], [[], undefined], "the installation may be about to make it");
  await renewal();
  await until(() => condition(CLUSTER_POLICIES, "one") !== undefined);
  t.match(api.object(LEASES, "pratique-policy-status"), { apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec: { leaseDurationSeconds: 15, leaseTransitions: 0 } });
  t.strictSame(patches(), [`${String(holder())} one`], "by one of them");
  t.equal(api.requests.filter(({ method, path }) => method === "POST" && path === LEASES).length > 0, true);
});

t.test("a Lease that is made in time is taken as it is", async (t) => {
  const { api, replica, condition, renewal } = await bench(t);
  api.remove(LEASES, "pratique-policy-status");
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }));
  await replica("a");
  await renewal();
  api.put(LEASES, EMPTY_LEASE);
  await renewal();
  await until(() => condition(CLUSTER_POLICIES, "one") !== undefined);
  t.strictSame(api.requests.filter(({ method }) => method === "POST"), []);
});

t.test("a Lease that was there and is deleted stays deleted", async (t) => {
  const { api, replica, renewal, holder } = await bench(t);
  const { told } = await replica("a");
  await renewal();
  t.equal(holder(), "a");
  api.remove(LEASES, "pratique-policy-status");
  for (let renewals = 0; renewals < 10; renewals += 1) await renewal();
  t.match(await told.next(), { code: "NotFound" });
  t.equal(api.object(LEASES, "pratique-policy-status"), undefined);
});

t.test("a refused write is told once, and tried again", async (t) => {
  const { api, replica, patches, condition, renewal } = await bench(t);
  api.fault = ({ method }) => (method === "PATCH" ? { status: 403, body: {} } : undefined);
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }));
  api.put(CLUSTER_POLICIES, clusterPolicy("two", { data: PEM }));
  const { told } = await replica("a");
  t.match(await told.next(), { code: "Forbidden", message: /^the status of ClusterTrustPolicy "one" could not be written: .*; grant patch on clustertrustpolicies\/status/ });
  await renewal();
  await renewal();
  await until(() => patches().length === 2);
  t.strictSame(patches(), ["a one", "a one"], "and the others are not tried");

  // Somebody else has changed it meanwhile, and the watch is late.
  api.quiet = true;
  api.fault = () => undefined;
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }, 2));
  await renewal();
  await renewal();
  t.match(await told.next(), { code: "Conflict" }, "and nothing between");
  t.equal(condition(CLUSTER_POLICIES, "one"), undefined, "what was made of another writing is not said of this one");
  await until(() => condition(CLUSTER_POLICIES, "two") !== undefined);
  api.quiet = false;
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }, 3));
  await until(() => condition(CLUSTER_POLICIES, "one")?.["observedGeneration"] === 3);
});

t.test("a policy that has been deleted has no status to be written, and that is no failure", async (t) => {
  const { api, replica, patches, renewal } = await bench(t);
  api.put(CLUSTER_POLICIES, clusterPolicy("one", { data: PEM }));
  api.quiet = true;
  api.fault = ({ method }) => {
    if (method === "PATCH" && api.object(CLUSTER_POLICIES, "one") !== undefined) api.remove(CLUSTER_POLICIES, "one");
    return undefined;
  };
  const { told } = await replica("a");
  await until(() => patches().length === 1);
  api.fault = ({ method }) => (method === "PUT" ? { status: 403, body: {} } : undefined);
  await renewal();
  t.match(await told.next(), { message: /Lease .*; grant get, create and update on leases in namespace pratique-system/ }, "the first to be told");
});

const NOTHING: PolicyStatus = { observedGeneration: undefined, ready: undefined };

function statusFor(policy: Stored, text: SecretText, before: PolicyStatus = NOTHING): PolicyStatus {
  const decoded = decodePolicy("ClusterTrustPolicy", policy, INSTALLATION);
  return statusOf(decoded, resolvePolicy(decoded, () => text), before, Date.parse(START) + 60_000);
}

t.test("what a status says", (t) => {
  const good = clusterPolicy("one", inSecret("cosign"));
  const invalid = { ...good, spec: { images: [{ glob: "**" }], authorities: [{ key: { data: "x" } }, { key: { data: "y" } }] } };
  const text: SecretText = { kind: "text", text: PEM };
  const cases: readonly (readonly [policy: Stored, text: SecretText, ready: Record<string, unknown>])[] = [
    [good, text, { status: "True", reason: "Valid" }],
    [good, { kind: "absent", message: "there is no Secret" }, { status: "False", reason: "KeyUnavailable", message: "spec.authorities[0].key.secretRef: there is no Secret" }],
    [good, { kind: "text", text: "no key" }, { status: "False", reason: "KeyUnavailable", message: /pratique-system\/cosign, key cosign\.pub, is not one PEM block/ }],
    [good, { kind: "unknown", message: "could not be read" }, { status: "False", reason: "Unknown", message: "could not be read" }],
    [invalid, text, { status: "False", reason: "Invalid", message: /^spec\.authorities\[0\]\.key\.data: .*\nspec\.authorities\[1\]\.key\.data: / }],
  ];
  for (const [policy, secret, ready] of cases) t.match(statusFor(policy, secret), { observedGeneration: 1, ready });

  const long = statusFor(good, { kind: "unknown", message: "\u20ac".repeat(20_000) }).ready?.message ?? "";
  t.ok(Buffer.byteLength(long) <= 32_768 && long.endsWith("\u20ac ..."), "bounded, and no half character");
  t.equal(statusFor(good, { kind: "unknown", message: "a\ud800b" }).ready?.message, "a\ufffdb");

  const before = readStatus({ status: { conditions: [{ type: "Other" }, { type: "Ready", status: "True", lastTransitionTime: START }] } });
  t.equal(statusFor(good, text, before).ready?.lastTransitionTime, START);
  t.equal(statusFor(invalid, text, before).ready?.lastTransitionTime, "2026-11-23T17:01:00Z");
  for (const status of [undefined, 1, {}, { conditions: {} }, { conditions: [1, null] }]) t.strictSame(readStatus({ status }), NOTHING);
  t.end();
});
