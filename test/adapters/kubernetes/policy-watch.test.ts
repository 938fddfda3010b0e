import t, { type Test } from "tap";
import { DirectPolicies } from "../../../src/adapters/kubernetes/direct-policies.ts";
import { PolicyWatch } from "../../../src/adapters/kubernetes/policy-watch.ts";
import { parsePublicKey } from "../../../src/trust/public-key.ts";
import type { TrustPolicy } from "../../../src/trust/trust-policy.ts";
import { UndeterminedError } from "../../../src/verdict/failure.ts";
import { type ApiClient, apiClient } from "../../helpers/api-client.ts";
import { type ApiServerDouble, type OpenWatch } from "../../helpers/api-server-double.ts";
import { failureOf } from "../../helpers/failure.ts";
import { ALL_POLICIES, CLUSTER_POLICIES, clusterPolicy, inSecret, policiesOf, secretsOf, textSecret, trustPolicy } from "../../helpers/policy-objects.ts";
import { generateSigningKey } from "../../helpers/signing-key.ts";
import { until } from "../../helpers/until.ts";

const INSTALLATION = "pratique-system";
/** As long as a watch may live: 30 s, and 5 s for the API server to be late. */
const WATCH_LIFE = 35_000;
const [ONE, OTHER] = [generateSigningKey().publicKey, generateSigningKey("ed25519").publicKey];

interface Bench extends ApiClient {
  readonly watch: PolicyWatch;
  /** What the policies of a namespace come to: `release-keys: ready sha256:...`. */
  readonly lines: (namespace?: string) => Promise<readonly string[]>;
}

async function bench(t: Test): Promise<Bench> {
  const world = await apiClient(t);
  const { api, timer, client, call } = world;
  for (const collection of [CLUSTER_POLICIES, ALL_POLICIES]) api.serve(collection);
  const recorder = { watchRestarted: () => undefined, secretIgnored: () => undefined, statusNotWritten: () => undefined };
  const watch = new PolicyWatch(client, { timer, recorder, jitter: () => 0, installation: INSTALLATION, changed: () => undefined });
  t.teardown(() => watch.stop());
  const lines = async (namespace = "shop"): Promise<readonly string[]> => (await watch.policiesFor(namespace, call())).map(lineOf);
  return { ...world, watch, lines };
}

/** A bench whose watches are both open. */
async function watching(t: Test, prepare: (api: ApiServerDouble) => void = () => undefined): Promise<Bench & { readonly open: readonly OpenWatch[] }> {
  const started = await bench(t);
  prepare(started.api);
  started.watch.start();
  const open = [await started.api.watches.next(), await started.api.watches.next()];
  await until(() => started.timer.alarms().filter((alarm) => alarm === WATCH_LIFE).length === 2);
  return { ...started, open };
}

function lineOf({ id, state }: TrustPolicy): string {
  const name = id.namespace === undefined ? id.name : `${id.namespace}/${id.name}`;
  switch (state.kind) {
    case "ready":
      return `${name}: ${state.authorities.map((authority) => (authority.kind === "key" ? authority.key.fingerprint : authority.kind)).join()}`;
    case "invalid":
      return `${name}: invalid ${state.problems.map(({ path, message }) => `${path}: ${message}`).join()}`;
    case "unknown":
      return `${name}: unknown ${state.message}`;
  }
}

function line(name: string, pem: string): string {
  return `${name}: ${parsePublicKey(pem).fingerprint}`;
}

t.test("the cluster's policies and the namespace's own, from the watches, without asking", async (t) => {
  const { api, lines, watch, call, timer } = await watching(t, (api) => {
    api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: ONE }));
    api.put(policiesOf("shop"), trustPolicy("shop", "ours", { data: OTHER }));
    api.put(policiesOf("bank"), trustPolicy("bank", "ours", { data: ONE }));
  });
  const asked = api.requests.length;
  t.strictSame(await lines("shop"), [line("release-keys", ONE), line("shop/ours", OTHER)]);
  t.strictSame(await lines("bank"), [line("release-keys", ONE), line("bank/ours", ONE)], "an equal name in another namespace is another policy");
  t.strictSame(await lines("elsewhere"), [line("release-keys", ONE)]);
  t.strictSame(await lines("../shop"), [line("release-keys", ONE)]);
  timer.advance(9_000);
  const [first, second] = [await watch.policiesFor("shop", call()), await watch.policiesFor("shop", call())];
  for (const [i, policy] of first.entries()) t.equal(policy, second[i], "not decoded and resolved each time");
  t.equal(api.requests.length, asked);
  t.strictSame(
    [...watch.ages()],
    [
      ["clustertrustpolicies", 9],
      ["trustpolicies", 9],
    ],
  );
});

t.test("what is created, changed and deleted counts as soon as the watch brings it", async (t) => {
  const { api, lines } = await watching(t);
  const shows = (...expected: string[]) => until(async () => (await lines()).join("\n") === expected.join("\n"));
  t.strictSame(await lines(), []);
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: ONE }));
  await shows(line("release-keys", ONE));
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: OTHER }, 2));
  await shows(line("release-keys", OTHER));
  api.put(policiesOf("shop"), trustPolicy("shop", "ours", { data: ONE }));
  await shows(line("release-keys", OTHER), line("shop/ours", ONE));
  api.put(policiesOf("shop"), { ...trustPolicy("shop", "ours", {}), spec: { images: [{ glob: "**" }], authorites: [] } });
  await until(async () => /shop\/ours: invalid .*spec\.authorites/.test((await lines()).join()));
  api.remove(policiesOf("shop"), "ours");
  await shows(line("release-keys", OTHER));
  api.remove(CLUSTER_POLICIES, "release-keys");
  await shows();
});

t.test("policies are counted by whether they can be used", async (t) => {
  const { api, watch } = await watching(t);
  const counted = () => watch.counts().map(({ resource, ready, count }) => `${resource} ${ready} ${count}`);
  t.strictSame(counted(), ["clustertrustpolicies true 0", "clustertrustpolicies false 0", "trustpolicies true 0", "trustpolicies false 0"], "zeros too");
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: ONE }));
  api.put(CLUSTER_POLICIES, clusterPolicy("no-key", inSecret("nowhere")));
  api.put(policiesOf("shop"), { ...trustPolicy("shop", "ours", {}), spec: { images: [] } });
  await until(() => counted().join() === "clustertrustpolicies true 1,clustertrustpolicies false 1,trustpolicies true 0,trustpolicies false 1");
  api.remove(CLUSTER_POLICIES, "no-key");
  await until(() => counted()[1] === "clustertrustpolicies false 0");
});

t.test("a rotated Secret counts within seconds, and one that a policy newly names at once", async (t) => {
  const { api, lines, timer } = await watching(t, (api) => {
    api.put(secretsOf(INSTALLATION), textSecret("cosign", { "cosign.pub": ONE }));
    api.put(secretsOf("shop"), textSecret("cosign", { "cosign.pub": OTHER }));
    api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", inSecret("cosign")));
  });
  t.strictSame(await lines(), [line("release-keys", ONE)], "of the installation's namespace");
  api.put(policiesOf("shop"), trustPolicy("shop", "ours", inSecret("cosign")));
  await until(async () => (await lines()).includes(line("shop/ours", OTHER)));

  api.put(secretsOf(INSTALLATION), textSecret("cosign", { "cosign.pub": OTHER }));
  t.strictSame((await lines())[0], line("release-keys", ONE));
  timer.advance(10_000);
  await until(async () => (await lines())[0] === line("release-keys", OTHER));
  await until(() => timer.alarms().includes(10_000));
  api.remove(secretsOf(INSTALLATION), "cosign");
  timer.advance(10_000);
  await until(async () => (await lines())[0] === "release-keys: invalid spec.authorities[0].key.secretRef: there is no Secret pratique-system/cosign");
  t.equal((await lines())[1], line("shop/ours", OTHER), "another policy does not suffer from it");
});

t.test("once a watch is old, policies are listed directly, and equal lists at the same time are one", async (t) => {
  const { api, lines, timer, open } = await watching(t, (api) => {
    api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", inSecret("cosign")));
    api.put(secretsOf(INSTALLATION), textSecret("cosign", { "cosign.pub": ONE }));
  });
  t.strictSame(await lines(), [line("release-keys", ONE)]);
  api.quiet = true;
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: OTHER }, 2));
  api.put(policiesOf("shop"), trustPolicy("shop", "ours", inSecret("late")));
  api.put(secretsOf("shop"), textSecret("late", { "cosign.pub": ONE }));
  api.fault = ({ kind }) => (kind === "get" ? undefined : "hang");
  for (const each of open) each.drop();
  await until(() => timer.alarms().filter((alarm) => alarm === 100).length === 2);
  timer.advance(60_000);
  t.strictSame(await lines(), [line("release-keys", ONE)], "at 60 s the copy still counts");
  // The watches' own lists get no answer, then or later.
  await until(() => api.requests.filter(({ kind }) => kind === "list").length === 4);
  timer.advance(1);
  api.fault = () => undefined;
  const seen = api.requests.length;
  const [one, same] = await Promise.all([lines(), lines()]);
  t.strictSame(one, [line("release-keys", OTHER), line("shop/ours", ONE)]);
  t.strictSame(same, one);
  const paths = api.requests.slice(seen).map(({ path }) => path);
  t.strictSame(paths.filter((path) => path === policiesOf("shop")).length, 1);
  t.strictSame(paths.filter((path) => path.includes("/secrets/late")).length, 1);
});

t.test("once a watch is old and nothing can be listed, the policies are unknown", async (t) => {
  const { api, timer, call, watch, open, lines } = await watching(t, (api) => api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: ONE })));
  api.fault = () => ({ status: 403, body: {} });
  open[0]?.drop();
  await until(() => timer.alarms().includes(100));
  timer.advance(60_000);
  t.strictSame(await lines(), [line("release-keys", ONE)]);
  timer.advance(1);
  t.match(await failureOf(UndeterminedError, watch.policiesFor("shop", call())), { code: "PoliciesUnknown", message: /trust policies of .*; grant list on (?:cluster)?trustpolicies/ });
});

t.test("before the first list, and where there are no such kinds", async (t) => {
  const { api, watch, call, lines, timer } = await bench(t);
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", { data: ONE }));
  t.strictSame(await lines(), [line("release-keys", ONE)], "listed directly");
  t.strictSame(await lines("../shop"), [line("release-keys", ONE)]);
  t.notOk(api.requests.some(({ path }) => path.includes("..")), "a name that no namespace can have is in no path");

  api.fault = () => ({ status: 404, body: "404 page not found\n" });
  watch.start();
  await watch.attempted;
  t.strictSame([...watch.ages().values()], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  t.match(await failureOf(UndeterminedError, watch.policiesFor("shop", call())), { code: "PoliciesUnknown", message: /could not be listed: the API server serves no such resource \(404\); install the definition of (?:cluster)?trustpolicies/ });

  api.fault = () => "hang";
  const late = failureOf(UndeterminedError, watch.policiesFor("shop", call(1_000)));
  await until(() => timer.alarms().filter((alarm) => alarm === 1_000).length >= 2);
  timer.advance(1_000);
  t.match(await late, { code: "DeadlineExceeded" });
});

t.test("a hundred policies, each with a Secret, are read once and then only again", async (t) => {
  const count = 100;
  const { api, lines, timer } = await watching(t, (api) => {
    for (let i = 0; i < count; i += 1) {
      api.put(CLUSTER_POLICIES, clusterPolicy(`p${i}`, inSecret(`s${i}`)));
      api.put(secretsOf(INSTALLATION), textSecret(`s${i}`, { "cosign.pub": ONE }));
    }
  });
  t.equal((await lines()).filter((text) => text.includes("sha256:")).length, count);
  const gets = () => api.requests.filter(({ kind }) => kind === "get").length;
  t.equal(gets(), count);
  await Promise.all(Array.from({ length: 20 }, () => lines()));
  t.equal(gets(), count, "no request for what is known");
  timer.advance(10_000);
  await until(() => gets() === 2 * count);
});

t.test("without a watch, everything is asked for each time", async (t) => {
  const { api, client, timer, call } = await bench(t);
  const direct = new DirectPolicies(client, timer, INSTALLATION);
  const lines = async () => (await direct.policiesFor("shop", call())).map(lineOf);
  api.put(CLUSTER_POLICIES, clusterPolicy("release-keys", inSecret("cosign")));
  api.put(policiesOf("shop"), trustPolicy("shop", "ours", { data: OTHER }));
  api.put(secretsOf(INSTALLATION), textSecret("cosign", { "cosign.pub": ONE }));
  t.strictSame(await lines(), [line("release-keys", ONE), line("shop/ours", OTHER)]);
  api.put(secretsOf(INSTALLATION), textSecret("cosign", { "cosign.pub": OTHER }));
  t.strictSame(await lines(), [line("release-keys", OTHER), line("shop/ours", OTHER)]);
  api.fault = ({ path }) => (path.includes("/secrets/") ? { status: 403, body: {} } : undefined);
  t.match((await lines())[0], /release-keys: unknown the Secret pratique-system\/cosign could not be read: .*grant get on secrets in namespace pratique-system/);
});
