import t, { type Test } from "tap";
import { parseReference } from "../../src/image/reference.ts";
import { Gatherer } from "../../src/inspection/gather.ts";
import { Inspector } from "../../src/inspection/inspect.ts";
import { EMPTY_KEYRING, type Keyring, keyringOf } from "../../src/inspection/keyring.ts";
import type { Verdict } from "../../src/verdict/verdict.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { inspectorPorts } from "../helpers/inspector.ts";
import { policyOf } from "../helpers/policies.ts";
import { registryClient } from "../helpers/registry-client.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { answerWith } from "../helpers/registry-faults.ts";
import type { RecordedRequest } from "../helpers/registry-routes.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";

const key = generateSigningKey();

/** An image without a signature beside it, and one in the repository `signatures`, which two accounts may read. */
async function setUp(t: Test) {
  const registry = await startRegistry({ auth: { kind: "basic", accounts: { first: { password: "1", repositories: ["**"] }, second: { password: "2", repositories: ["**"] } } } });
  t.teardown(() => registry.close());
  const subject = push(registry, "web", imageManifest(), "1");
  push(registry, "signatures", imageManifest());
  signLegacy(registry, "web", subject, { key, into: "signatures" });
  return registry;
}

async function inspect(t: Test, registry: RegistryDouble, source: object, keyring: Keyring): Promise<Verdict> {
  const client = registryClient(t, registry);
  const policy = policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: key.publicKey }, source: [source] }] });
  const inspector = new Inspector(inspectorPorts(client, new Gatherer(client), [policy]), { installation: EMPTY_KEYRING, isSigningRepository: () => false, platforms: [] });
  const question = { reference: parseReference(`${registry.host}/web:1`), level: "verified", rule: "both", namespace: "shop", keyring } as const;
  return (await inspector.inspect(question, { deadline: Date.now() + 8000, signal: new AbortController().signal })).verdict;
}

const credentials = (host: string, ...names: readonly ("first" | "second")[]): Keyring =>
  keyringOf(names.map((username) => ({ location: host, credential: { kind: "password", username, password: username === "first" ? "1" : "2" } })));

/** What one account asks of the repository of signatures, at the end of these paths. */
const asks = (username: string, password: string, path: RegExp) => (request: RecordedRequest) =>
  request.headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` && request.path.startsWith("/v2/signatures/") && path.test(request.path);

t.test("what one credential found is not lost when the next one is refused", async (t) => {
  const registry = await setUp(t);
  const oci = `${registry.host}/signatures`;
  t.equal((await inspect(t, registry, { oci }, credentials(registry.host, "first", "second"))).reason, "Verified");
  registry.fault(asks("first", "1", /\/referrers\//), answerWith(403));
  t.equal((await inspect(t, registry, { oci }, credentials(registry.host, "first", "second"))).reason, "Verified", "the second one may do everything");
  registry.fault(asks("second", "2", /./), answerWith(403));
  t.equal((await inspect(t, registry, { oci }, credentials(registry.host, "first"))).reason, "Verified", "a good signature beside a place that is shut");
  t.equal((await inspect(t, registry, { oci }, credentials(registry.host, "first", "second"))).reason, "Verified", "as good with another credential beside it");
  t.equal((await inspect(t, registry, { oci }, credentials(registry.host, "second", "first"))).reason, "Verified", "in either order");
  registry.fault(asks("first", "1", /\.sig$/), answerWith(403));
  t.equal((await inspect(t, registry, { oci }, credentials(registry.host, "first", "second"))).reason, "Unauthorized");
});

t.test("a source at an address that nothing may reach is told as one, and is never reached", async (t) => {
  const registry = await setUp(t);
  for (const host of ["169.254.169.254", "[fe80::1]:5000"]) {
    const verdict = await inspect(t, registry, { oci: `${host}/signatures` }, credentials(registry.host, "first"));
    t.match(verdict, { kind: "untrusted", reason: "RegistryForbidden" }, host);
  }
});

t.test("what to do speaks of the repository where the signature would have to be", async (t) => {
  const registry = await setUp(t);
  const [oci, other] = [`${registry.host}/signatures`, `${registry.host}/elsewhere`];
  push(registry, "elsewhere", imageManifest());
  const own = credentials(registry.host, "first");
  t.match(await inspect(t, registry, { oci: other }, own), { reason: "Unsigned", remedy: new RegExp(`^Sign it with .COSIGN_REPOSITORY=${other} cosign sign ${registry.host}/web@`) });
  t.match(await inspect(t, registry, { oci, tagPrefix: "release-" }, own), { reason: "Unsigned", remedy: /COSIGN_REPOSITORY=\S+ cosign sign --attachment-tag-prefix release- / });
  registry.fault(asks("first", "1", /./), answerWith(403));
  t.match(await inspect(t, registry, { oci }, own), { reason: "Unauthorized", remedy: new RegExp(`^Name a Secret that may pull ${oci} in the trust policy's .signaturePullSecrets.`) });
  t.match(await inspect(t, registry, { oci, signaturePullSecrets: [{ name: "signatures" }] }, own), { reason: "Unauthorized", remedy: new RegExp(`signaturePullSecrets.*must open ${oci}`) });
  registry.fault(/^\/v2\/signatures\//, answerWith(503));
  t.match(await inspect(t, registry, { oci }, own), { reason: "RegistryUnavailable", remedy: `Try again once ${registry.host} answers.` });
});
