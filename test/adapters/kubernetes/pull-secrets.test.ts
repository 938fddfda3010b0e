import t, { type Test } from "tap";
import { NO_PODS, NO_PULL_SECRETS } from "../../../src/adapters/kubernetes/configured-namespaces.ts";
import { ClusterPodLister } from "../../../src/adapters/kubernetes/pod-lister.ts";
import { ClusterPullSecrets } from "../../../src/adapters/kubernetes/pull-secrets.ts";
import type { PullIdentity } from "../../../src/admission/ports.ts";
import type { Keyring } from "../../../src/inspection/keyring.ts";
import type { Call } from "../../../src/inspection/ports.ts";
import { UndeterminedError } from "../../../src/verdict/failure.ts";
import { type ApiClient, apiClient } from "../../helpers/api-client.ts";
import { base64, type Fault, type Stored } from "../../helpers/api-server-double.ts";
import { failureOf } from "../../helpers/failure.ts";
import { until } from "../../helpers/until.ts";

const SECRETS = "/api/v1/namespaces/shop/secrets";
const ACCOUNTS = "/api/v1/namespaces/shop/serviceaccounts";
const PODS = "/api/v1/namespaces/shop/pods";
const WEB = { host: "harbor.example.com", path: "shop/web" };

interface Bench extends ApiClient {
  readonly secrets: ClusterPullSecrets;
  /** `namespace/name: why` of each secret that was ignored. */
  readonly ignored: string[];
  /** The user names that are tried for `harbor.example.com/shop/web`, in order. */
  readonly users: (identity?: Partial<PullIdentity>, call?: Call) => Promise<readonly string[]>;
  /** The last parts of the paths that were asked for since this was last called. */
  readonly asked: () => readonly string[];
}

async function bench(t: Test): Promise<Bench> {
  const world = await apiClient(t);
  const { api, timer, client, call } = world;
  const ignored: string[] = [];
  const recorder = {
    watchRestarted: () => undefined,
    statusNotWritten: () => undefined,
    secretIgnored: (namespace: string, name: string, why: string) => void ignored.push(`${namespace}/${name}: ${why}`),
  };
  const secrets = new ClusterPullSecrets(client, { timer, recorder });
  return {
    ...world,
    secrets,
    ignored,
    users: async (identity = {}, bounds = call()) => {
      const whole = { namespace: "shop", pullSecrets: ["regcred"], serviceAccount: "default", ...identity };
      return usersOf(await secrets.keyring(whole, bounds));
    },
    asked: () => api.requests.splice(0).map(({ path }) => path.split("/").slice(5).join("/")),
  };
}

function usersOf(keyring: Keyring): readonly string[] {
  return keyring.credentialsFor(WEB).map((credential) => (credential.kind === "password" ? credential.username : credential.kind));
}

function auths(users: Record<string, string>): Record<string, object> {
  return Object.fromEntries(Object.entries(users).map(([location, user]) => [location, { auth: base64(`${user}:secret-word`) }]));
}

/** A `kubernetes.io/dockerconfigjson` Secret: locations to users. */
function secret(name: string, users: Record<string, string>): Stored {
  const data = { ".dockerconfigjson": base64(JSON.stringify({ auths: auths(users) })) };
  return { kind: "Secret", type: "kubernetes.io/dockerconfigjson", metadata: { name }, data };
}

function account(name: string, ...secrets: string[]): Stored {
  return { kind: "ServiceAccount", metadata: { name }, imagePullSecrets: secrets.map((secret) => ({ name: secret })) };
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `s${i}`);
}

t.test("whose secrets count, and in which order", async (t) => {
  const { api, users, asked } = await bench(t);
  api.put(SECRETS, secret("regcred", { "harbor.example.com": "ada" }));
  api.put(SECRETS, secret("second", { "harbor.example.com": "bob", "harbor.example.com/shop": "cyd", "other.example.com": "dan" }));
  api.put(SECRETS, { ...secret("legacy", {}), type: "kubernetes.io/dockercfg", data: { ".dockercfg": base64(JSON.stringify(auths({ "harbor.example.com": "eve" }))) } });
  api.put(ACCOUNTS, account("default", "legacy"));
  api.put(ACCOUNTS, account("builder", "regcred", "missing"));
  api.put(ACCOUNTS, { kind: "ServiceAccount", metadata: { name: "plain" } });

  t.strictSame(await users(), ["ada"], "the Pod's own");
  t.strictSame(asked(), ["secrets/regcred"], "then the service account is not asked for");
  t.strictSame(await users({ pullSecrets: ["regcred", "second", "regcred"] }), ["cyd", "ada", "bob"], "the longest path first, then in the order given");
  t.strictSame(await users({ pullSecrets: ["second", "regcred"] }), ["cyd", "bob", "ada"]);
  t.strictSame(await users({ pullSecrets: [] }), ["eve"], "the service account's, in the old format");
  t.strictSame(await users({ pullSecrets: [], serviceAccount: "" }), ["eve"], "without a name it is `default`");
  t.strictSame(await users({ pullSecrets: [], serviceAccount: "builder" }), ["ada"], "what does not exist is passed over");
  t.strictSame(await users({ pullSecrets: [], serviceAccount: "plain" }), []);
  t.strictSame(await users({ pullSecrets: [], serviceAccount: "nobody" }), []);
  t.strictSame(await users({ pullSecrets: ["missing"] }), [], "the Pod's own secret is missing: the service account's are no substitute");
  t.strictSame(await users({ namespace: "other" }), [], "a secret counts in its own namespace alone");
});

t.test("a Secret that is no pull secret gives nothing, and says why without quoting it", async (t) => {
  const { api, users, ignored } = await bench(t);
  const good = secret("regcred", { "harbor.example.com": "ada" });
  const cases: readonly (readonly [secret: Stored, why: RegExp])[] = [
    [{ ...good, type: "Opaque" }, /its type is neither kubernetes\.io\/dockerconfigjson nor/],
    [{ ...good, type: undefined }, /its type is neither/],
    [{ ...good, type: "kubernetes.io/dockercfg" }, /it has no \.dockercfg/],
    [{ ...good, data: {} }, /it has no \.dockerconfigjson/],
    [{ ...good, data: { ".dockerconfigjson": "" } }, /it has no \.dockerconfigjson/],
    [{ ...good, data: { ".dockerconfigjson": base64("secret-word") } }, /no docker config \(NotJson\)/],
    [{ ...good, data: { ".dockerconfigjson": base64(`{"auths":{"secret-word":1}}`) } }, /no docker config \(BadEntry\)/],
  ];
  for (const [i, [stored, why]] of cases.entries()) {
    api.put(SECRETS, { ...stored, metadata: { name: `s${i}` } });
    t.strictSame(await users({ pullSecrets: [`s${i}`] }), []);
    t.match(ignored.splice(0), [new RegExp(`^shop/s${i}: .*${why.source}`)]);
  }
  api.put(SECRETS, good);
  t.strictSame(await users({ pullSecrets: ["s0", "regcred"] }), ["ada"], "and does not stand in the way of another");
  t.strictSame(ignored, [], "what is known to be none is not reported each time");
});

t.test("what cannot be found out is no answer, and names the secret and what to grant", async (t) => {
  const { api, users, timer, asked, call } = await bench(t);
  api.put(ACCOUNTS, account("default", "regcred"));
  const faults: readonly (readonly [fault: Fault, message: RegExp])[] = [
    [{ status: 403, body: {} }, /pull secret shop\/regcred could not be read: .*\(403\); grant get on secrets in namespace shop/],
    [{ status: 401, body: {} }, /shop\/regcred .*own credentials/],
    [{ status: 500, body: {} }, /shop\/regcred .*answered 500/],
    [{ status: 404, body: "404 page not found" }, /shop\/regcred .*answered 404/],
    [{ status: 200, body: secret("other", {}) }, /shop\/regcred .*another object/],
    ["drop", /shop\/regcred .*connection/],
  ];
  for (const [fault, message] of faults) {
    api.fault = ({ path }) => (path.startsWith(SECRETS) ? fault : undefined);
    t.match(await failureOf(UndeterminedError, users()), { code: "CredentialsUnavailable", message }, message.source);
    t.match(await failureOf(UndeterminedError, users({ pullSecrets: [] })), { code: "CredentialsUnavailable", message }, `${message.source} by service account`);
  }
  api.fault = ({ path }) => (path.startsWith(ACCOUNTS) ? { status: 403, body: {} } : undefined);
  t.match(await failureOf(UndeterminedError, users({ pullSecrets: [], serviceAccount: "builder" })), {
    code: "CredentialsUnavailable",
    message: /service account shop\/builder could not be read: .*; grant get on serviceaccounts in namespace shop/,
  });

  api.fault = () => "hang";
  const hurried = failureOf(UndeterminedError, users({}, call(1_000)));
  const patient = failureOf(UndeterminedError, users());
  // Each caller's own limit, and the one of the GET that they share.
  await until(() => timer.alarms().length === 3);
  timer.advance(1_000);
  t.match(await hurried, { code: "DeadlineExceeded", message: /shop\/regcred/ });
  timer.advance(4_000);
  t.match(await patient, { code: "CredentialsUnavailable", message: /within 5 s/ }, "one caller's deadline does not fail the others");

  api.fault = () => undefined;
  api.put(SECRETS, secret("regcred", { "harbor.example.com": "ada" }));
  asked();
  t.strictSame(await users(), ["ada"], "no failure is kept");
  t.strictSame(asked(), ["secrets/regcred"]);
});

t.test("kept for 30 s, an absence for 5 s, and equal questions at the same time are one", async (t) => {
  const { api, users, timer, asked } = await bench(t);
  api.put(SECRETS, secret("regcred", { "harbor.example.com": "ada" }));
  api.put(ACCOUNTS, account("default", "regcred"));
  const byAccount = { pullSecrets: [] };
  await Promise.all([users(byAccount), users(byAccount), users(byAccount)]);
  t.strictSame(asked(), ["serviceaccounts/default", "secrets/regcred"]);

  api.put(SECRETS, secret("regcred", { "harbor.example.com": "bob" }));
  timer.advance(30_000);
  t.strictSame(await users(byAccount), ["ada"]);
  t.strictSame(asked(), []);
  timer.advance(1);
  t.strictSame(await users(byAccount), ["bob"]);
  t.strictSame(asked(), ["serviceaccounts/default", "secrets/regcred"]);

  t.strictSame(await users({ pullSecrets: ["late"] }), []);
  api.put(SECRETS, secret("late", { "harbor.example.com": "cyd" }));
  timer.advance(5_000);
  t.strictSame(await users({ pullSecrets: ["late"] }), []);
  t.strictSame(asked(), ["secrets/late"]);
  timer.advance(1);
  t.strictSame(await users({ pullSecrets: ["late"] }), ["cyd"]);
  t.strictSame(asked(), ["secrets/late"]);
});

t.test("names that a Pod's author chose lead nowhere else, and are not read without end", async (t) => {
  const { api, users, asked, ignored } = await bench(t);
  for (const name of ["..", "../../other/secrets/regcred", "a?b", "", "REGCRED"]) {
    t.strictSame(await users({ pullSecrets: [name] }), []);
    t.strictSame(await users({ namespace: name }), []);
    if (name !== "") t.strictSame(await users({ pullSecrets: [], serviceAccount: name }), []);
  }
  t.strictSame(asked(), []);

  await users({ pullSecrets: numbered(60) });
  t.equal(asked().length, 50);
  t.match(ignored, [/^shop\/s50: only the first 50/]);

  for (let i = 0; i < 21; i += 1) {
    const names = Array.from({ length: 50 }, (_, j) => `m${i}-${j}`);
    await users({ pullSecrets: names });
  }
  t.equal(asked().length, 1_050);
  await users({ pullSecrets: ["m20-0"] });
  t.equal(asked().length, 0, "what was asked for last is kept");
  await users({ pullSecrets: ["s0"] });
  t.equal(asked().length, 1, "what was asked for long ago has made room");
  t.equal(api.requests.length, 0);
});

t.test("the pull secrets that a policy names are the same kept Secrets", async (t) => {
  const { api, secrets, users, asked, call } = await bench(t);
  api.put(SECRETS, secret("regcred", { "harbor.example.com": "ada" }));
  api.put(ACCOUNTS, account("default", "regcred"));
  const named = async (namespace: string, ...names: string[]) => usersOf(await secrets.sources.keyring({ namespace, names }, call()));
  t.strictSame(await named("shop", "regcred", "missing"), ["ada"]);
  t.strictSame(new Set(asked()), new Set(["secrets/missing", "secrets/regcred"]));
  t.strictSame(await users(), ["ada"]);
  t.strictSame(await named("shop"), [], "the service account's are no substitute");
  t.strictSame(await named("../shop", "regcred"), []);
  t.strictSame(asked(), []);
  api.fault = () => ({ status: 403, body: {} });
  t.match(await failureOf(UndeterminedError, named("shop", "other")), { code: "CredentialsUnavailable", message: /pull secret shop\/other could not be read/ });
});

t.test("Pods are listed page by page up to the limit", async (t) => {
  const { api, client, call } = await bench(t);
  const lister = new ClusterPodLister(client);
  const list = async (limit: number): Promise<string> => {
    const { pods, more } = await lister.list("shop", limit, call());
    return `${pods.length} to ${pods.at(-1)?.name}${more ? " and more" : ""}`;
  };
  for (const name of numbered(250)) api.put(PODS, { kind: "Pod", metadata: { name }, spec: { containers: [] } });
  t.equal(await list(3_000), "250 to s249");
  t.strictSame(
    api.requests.map(({ query }) => [query.get("limit"), query.get("continue"), query.get("fieldSelector")]),
    [
      ["100", null, "status.phase!=Succeeded,status.phase!=Failed"],
      ["100", "100", "status.phase!=Succeeded,status.phase!=Failed"],
      ["100", "200", "status.phase!=Succeeded,status.phase!=Failed"],
    ],
  );
  t.equal(await list(250), "250 to s249");
  t.equal(await list(249), "249 to s248 and more");
  t.equal(await list(200), "200 to s199 and more");
  t.equal(await list(99), "99 to s98 and more");
  t.match((await lister.list("shop", 1, call())).pods, [{ name: "s0", object: { kind: "Pod", spec: { containers: [] } } }]);
  const asked = api.requests.length;
  t.strictSame(await lister.list("..", 10, call()), { pods: [], more: false });
  t.equal(api.requests.length, asked);
});

t.test("Pods that could not be listed", async (t) => {
  const { api, client, call, timer } = await bench(t);
  const lister = new ClusterPodLister(client);
  for (const name of numbered(250)) api.put(PODS, { kind: "Pod", metadata: { name } });
  api.fault = () => ({ status: 403, body: {} });
  t.match(await failureOf(UndeterminedError, lister.list("shop", 500, call())), { code: "NamespaceUnknown", message: /Pods of namespace shop .*grant list on pods/ });
  api.fault = () => "hang";
  const late = failureOf(UndeterminedError, lister.list("shop", 500, call(1_000)));
  await until(() => timer.alarms().length === 1);
  timer.advance(1_000);
  t.match(await late, { code: "DeadlineExceeded" });
  for (const fault of ["drop", { status: 410, body: {} }] as const) {
    api.fault = ({ query }) => (query.get("continue") === "200" ? fault : undefined);
    const { pods, more } = await lister.list("shop", 500, call());
    t.strictSame([pods.length, more], [200, true], "what has come is not thrown away");
  }
});

t.test("without a cluster", async (t) => {
  const bounds = { deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  const identity = { namespace: "shop", pullSecrets: ["regcred"], serviceAccount: "default" };
  t.strictSame(usersOf(await NO_PULL_SECRETS.keyring(identity, bounds)), []);
  t.strictSame(await NO_PODS.list("shop", 10, bounds), { pods: [], more: false });
});
