import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import type { Environment } from "../../src/app/environment.ts";
import { type Cloud, CLOUDS, isRegistryOf } from "../../src/image/cloud-registry.ts";
import { keyringOf } from "../../src/inspection/keyring.ts";
import { createAuthority } from "../helpers/certificates.ts";
import { manualClock } from "../helpers/clock.ts";
import { startCloudServices } from "../helpers/cloud-services.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { startRegistry } from "../helpers/registry-double.ts";
import { redirectTo, send } from "../helpers/registry-faults.ts";
import { jsonAnswer } from "../helpers/registry-answer.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { startSocksProxy } from "../helpers/socks-proxy.ts";
import { inspectorOf, registries } from "./world.ts";

const HOSTS: Readonly<Record<Cloud, string>> = { ecr: "123456789012.dkr.ecr.eu-west-1.amazonaws.com", gar: "europe-docker.pkg.dev", acr: "shop.azurecr.io" };
const IDENTITY = "projected-token";
const HOUR = 3_600_000;
const authority = await createAuthority("clouds");
const certificate = await authority.issue({ dnsNames: [...Object.values(HOSTS), "elsewhere.example"] });
const key = generateSigningKey();

/** A registry of each cloud behind a proxy, since nobody else can have its name; and the services that issue its credentials. */
async function setUp(t: Test, cloud: Cloud, env: Environment = {}) {
  const clock = manualClock();
  const services = await startCloudServices({ clock, identity: IDENTITY, secret: "issued:secret", lifetime: 3600 });
  const jwt = ["e30", Buffer.from(JSON.stringify({ exp: clock.now() / 1000 + 3600 })).toString("base64url"), "s"].join(".");
  const accounts = {
    AWS: { password: "issued:secret", repositories: ["**"] },
    oauth2accesstoken: { password: "issued:secret", repositories: ["**"] },
    azure: { password: "", identityToken: jwt, repositories: ["**"] },
  };
  const registry = await startRegistry({ tls: certificate, clock, auth: cloud === "ecr" ? { kind: "basic", accounts } : { kind: "bearer", accounts, expiresIn: 60 } });
  registry.fault(/^\/oauth2\/exchange$/, async ({ response }) => {
    const form = new URLSearchParams(await text(response.req));
    const isKnown = form.get("grant_type") === "access_token" && form.get("service") === HOSTS.acr && form.get("tenant") === "tenant" && form.get("access_token") === "issued:secret";
    send(response, isKnown ? jsonAnswer(200, { refresh_token: jwt }) : jsonAnswer(401, {}));
  });
  t.teardown(() => Promise.all([registry.close(), services.close()]));
  signLegacy(registry, "shop/web", push(registry, "shop/web", imageManifest(), "v1"), { key });
  const proxy = await startSocksProxy(t, { target: registry.host });
  const files = t.testdir({ "ca.crt": authority.cert, token: `${IDENTITY}\n` });
  const identity: Readonly<Record<Cloud, Environment>> = {
    ecr: { AWS_WEB_IDENTITY_TOKEN_FILE: `${files}/token`, AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/pratique", AWS_ENDPOINT_URL_STS: `${services.url}/sts`, AWS_ENDPOINT_URL_ECR: `${services.url}/ecr` },
    gar: { GCE_METADATA_HOST: services.host },
    acr: { AZURE_TENANT_ID: "tenant", AZURE_CLIENT_ID: "client", AZURE_FEDERATED_TOKEN_FILE: `${files}/token`, AZURE_AUTHORITY_HOST: services.url },
  };
  const entry = (settings: object = {}) => ({ host: HOSTS[cloud], credentials: cloud, caFile: `${files}/ca.crt`, ...settings });
  const world = { env: { ALL_PROXY: `socks5://${proxy.host}`, ...identity[cloud], ...env }, clock };
  const image = `${HOSTS[cloud]}/shop/web:v1`;
  return { registry, services, clock, files, entry, world, image, ask: inspectorOf(t, registries(entry()), world) };
}

for (const cloud of CLOUDS) {
  t.test(`${cloud}: a workload's identity opens its cloud's registry`, async (t) => {
    const { ask, image, services, clock } = await setUp(t, cloud);
    const all = await Promise.all([ask(image), ask(image), ask(image, { rule: "index" })]);
    t.same(all.map(({ verdict }) => verdict.reason), ["Signed", "Signed", "Signed"]);
    const first = services.requests.length;
    t.equal(first, cloud === "ecr" ? 2 : 1, "asked once for all who ask at the same time");
    clock.advance(HOUR - 180_000);
    t.equal((await ask(image)).verdict.reason, "Signed");
    t.equal(services.requests.length, first, "kept until shortly before it expires");
    clock.advance(90_000);
    await ask(image);
    t.equal(services.requests.length, 2 * first, "and fetched anew while it is still good");
  });

  t.test(`${cloud}: what is not issued could not be found out, and nothing of the answer is told`, async (t) => {
    const { ask, image, services, registry } = await setUp(t, cloud);
    services.refuse(403);
    const { verdict } = await ask(image);
    t.match(verdict, { kind: "undetermined", reason: "CredentialsUnavailable", detail: /gives us no credentials \(403\)$/ });
    t.notMatch(JSON.stringify(verdict), /hunter2|issued|projected/);
    services.refuse(200);
    t.match((await ask(image)).verdict, { reason: "CredentialsUnavailable", detail: /answered without (?:a usable token|usable credentials)$/ });
    t.equal(registry.requests.length, 0, "the registry is not asked as nobody instead");
    await services.close();
    t.match((await ask(image)).verdict, { reason: "CredentialsUnavailable", detail: /nobody listens there/ });
  });

  t.test(`${cloud}: no other place is sent the credentials`, async (t) => {
    const { ask, image, registry, world, entry } = await setUp(t, cloud);
    registry.fault(/manifests\/v1$/, redirectTo("https://elsewhere.example/v2/shop/web/manifests/elsewhere"));
    await ask(image);
    const sent = registry.requests.filter(({ headers }) => headers.host === "elsewhere.example");
    t.same(sent.map(({ headers }) => headers.authorization), [undefined], "not along a redirect");
    const granted = inspectorOf(t, registries(entry({ repositories: ["other/**"] })), world);
    registry.heal();
    t.equal((await granted(image)).verdict.reason, "Unauthorized", "nor for a repository that they are not granted to");
  });
}

t.test("a Pod's own pull secret goes first, and no cloud is asked", async (t) => {
  const { ask, image, services } = await setUp(t, "ecr");
  const keyring = keyringOf([{ location: HOSTS.ecr, credential: { kind: "password", username: "AWS", password: "wrong" } }]);
  t.equal((await ask(image, { keyring })).verdict.reason, "Unauthorized");
  t.equal(services.requests.length, 0);
});

t.test("EKS Pod Identity stands in for a role of the service account", async (t) => {
  const { world, entry, image, files, services } = await setUp(t, "ecr");
  const env = { ...world.env, AWS_WEB_IDENTITY_TOKEN_FILE: "", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${files}/token` };
  const under = (uri: string) => inspectorOf(t, registries(entry()), { ...world, env: { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: uri } });
  t.equal((await under(`${services.url}/agent/v1/credentials`)(image)).verdict.reason, "Signed");
  t.same(services.requests, ["GET /agent/v1/credentials", "POST /ecr"]);
  for (const uri of ["http://agent.example/v1/credentials", "http://169.254.169.254/", "nowhere"]) {
    t.match((await under(uri)(image)).verdict, { reason: "CredentialsUnavailable", detail: /neither an https URL nor that of the agent/ }, uri);
  }
  t.equal(services.requests.length, 2, "the token is sent nowhere else");
});

t.test("a workload without an identity says which variable it lacks", async (t) => {
  const rows: readonly (readonly [cloud: Cloud, env: Environment, detail: RegExp])[] = [
    ["ecr", { AWS_WEB_IDENTITY_TOKEN_FILE: "" }, /neither AWS_WEB_IDENTITY_TOKEN_FILE \(IRSA\) nor AWS_CONTAINER_CREDENTIALS_FULL_URI \(EKS Pod Identity\) is set/],
    ["ecr", { AWS_ROLE_ARN: "" }, /^AWS_ROLE_ARN is not set/],
    ["ecr", { AWS_WEB_IDENTITY_TOKEN_FILE: "/none" }, /^the file of AWS_WEB_IDENTITY_TOKEN_FILE cannot be read \(ENOENT\)/],
    ["acr", { AZURE_TENANT_ID: "" }, /^AZURE_TENANT_ID is not set/],
    ["acr", { AZURE_FEDERATED_TOKEN_FILE: "/none" }, /^the file of AZURE_FEDERATED_TOKEN_FILE cannot be read \(ENOENT\)/],
  ];
  for (const [cloud, env, detail] of rows) {
    const { ask, image } = await setUp(t, cloud, env);
    t.match((await ask(image)).verdict, { kind: "undetermined", reason: "CredentialsUnavailable", detail }, detail.source);
  }
});

t.test("a cloud's own registries, and what only looks like them", async (t) => {
  const own: Readonly<Record<Cloud, readonly string[]>> = {
    ecr: [HOSTS.ecr, "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"],
    gar: [HOSTS.gar, "us-central1-docker.pkg.dev", "gcr.io", "eu.gcr.io"],
    acr: [HOSTS.acr, "shop.azurecr.cn", "shop.azurecr.us", "shop-eu.azurecr.io"],
  };
  const others = [
    ...CLOUDS.flatMap((cloud) => own[cloud].flatMap((host) => [`${host}.evil.io`, `evil.io.${host}.io`, `${host}:8443`, `evil${host.replace(/^[^.]*/, "")}x`])),
    "public.ecr.aws", "1.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr.evil.io.amazonaws.com.evil", "s3.amazonaws.com", "docker.pkg.dev", "npm.pkg.dev", "evilgcr.io", "azurecr.io", "a.b.azurecr.io", "docker.io",
  ];
  for (const cloud of CLOUDS) {
    for (const host of own[cloud]) t.ok(isRegistryOf(cloud, host), `${host} is ${cloud}`);
    for (const host of [...others, ...CLOUDS.filter((other) => other !== cloud).flatMap((other) => own[other])]) t.notOk(isRegistryOf(cloud, host), `${host} is not ${cloud}`);
  }
});
