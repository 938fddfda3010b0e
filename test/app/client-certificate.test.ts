import t, { type Test } from "tap";
import { SYSTEM_TIMER } from "../../src/adapters/kubernetes/timer.ts";
import { registryEnvironment } from "../../src/app/registries.ts";
import { StartError } from "../../src/app/start-error.ts";
import { parseConfig } from "../../src/config.ts";
import { createAuthority } from "../helpers/certificates.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { startRegistry } from "../helpers/registry-double.ts";
import { redirectTo } from "../helpers/registry-faults.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { inspectorOf, registries } from "./world.ts";

const servers = await createAuthority("servers");
const clients = await createAuthority("clients");
const strangers = await createAuthority("strangers");
const server = await servers.issue({ ips: ["127.0.0.1"] });
const ours = await clients.issue({ name: "pratique", use: "client" });
const foreign = await strangers.issue({ name: "pratique", use: "client" });
const files = t.testdir({
  "ca.crt": servers.cert,
  "client.crt": ours.cert,
  "client.key": ours.key,
  "foreign.crt": foreign.cert,
  "foreign.key": foreign.key,
  "broken.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "text.key": "hunter2",
});

async function setUp(t: Test) {
  const registry = await startRegistry({ tls: server, clientCA: clients.cert });
  t.teardown(() => registry.close());
  signLegacy(registry, "web", push(registry, "web", imageManifest(), "v1"), { key: generateSigningKey() });
  const settings = (name: string) => (name === "" ? {} : { clientCertFile: `${files}/${name}.crt`, clientKeyFile: `${files}/${name}.key` });
  const config = (name: string, host = registry.host) => registries({ host, allowPrivate: true, caFile: `${files}/ca.crt`, ...settings(name) });
  return { registry, config, image: `${registry.host}/web:v1` };
}

t.test("a registry that asks for a certificate is shown the one of its entry", async (t) => {
  const { registry, config, image } = await setUp(t);
  t.equal((await inspectorOf(t, config("client"))(image)).verdict.reason, "Signed");
  registry.reset();
  for (const name of ["", "foreign"]) {
    t.match((await inspectorOf(t, config(name))(image)).verdict, { kind: "undetermined", reason: "RegistryUnavailable" }, name || "none");
  }
  t.equal(registry.requests.length, 0);
});

t.test("nobody else is shown it, not where the registry redirects to either", async (t) => {
  const { registry, config, image } = await setUp(t);
  const other = await startRegistry({ tls: server, clientCA: clients.cert, address: "127.0.0.1" });
  t.teardown(() => other.close());
  push(other, "web", imageManifest(), "v1");
  registry.fault("/manifests/v1", redirectTo(`${other.url}/v2/web/manifests/v1`));
  t.match((await inspectorOf(t, config("client"))(image)).verdict, { kind: "undetermined", detail: /where .* redirects to/ });
  t.equal(other.requests.length, 0);
});

t.test("files that cannot be used are told at start, each by its registry and its field, and nothing in them is", async (t) => {
  const start = (certFile: string, keyFile: string) => (): unknown => {
    const yaml = registries({ host: "a.b", clientCertFile: `${files}/${certFile}`, clientKeyFile: `${files}/${keyFile}` });
    return registryEnvironment({ config: parseConfig(yaml, "pratique.yaml"), env: {}, clock: SYSTEM_TIMER, observer: { request() {}, inFlight() {}, leftAlone() {} } });
  };
  t.doesNotThrow(start("client.crt", "client.key"));
  const rows: readonly (readonly [cert: string, key: string, message: RegExp])[] = [
    ["none.crt", "client.key", /^the clientCertFile of registry a\.b cannot be read: ENOENT/],
    ["client.crt", "none.key", /^the clientKeyFile of registry a\.b cannot be read: ENOENT/],
    ["broken.crt", "client.key", /^the client certificate for registry a\.b cannot be used: .*broken\.crt does not begin with a PEM certificate/],
    ["client.key", "client.key", /client\.key does not begin with a PEM certificate/],
    ["client.crt", "text.key", /text\.key is not a PEM private key without a passphrase/],
    ["client.crt", "foreign.key", /the private key in .*foreign\.key is not that of the certificate in .*client\.crt/],
  ];
  for (const [cert, key, message] of rows) {
    t.throws(start(cert, key), { constructor: StartError, message });
  }
});
