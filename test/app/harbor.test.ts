import t, { type Test } from "tap";
import { keyringOf } from "../../src/inspection/keyring.ts";
import { attestBundle, signBundle } from "../helpers/cosign-bundle.ts";
import { signLegacy, signOci11 } from "../helpers/cosign.ts";
import { serveAccessories } from "../helpers/harbor-accessories.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { notationSignature } from "../helpers/other-accessories.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { type RegistryOptions, startRegistry } from "../helpers/registry-double.ts";
import { answerWith, blockedByPolicy } from "../helpers/registry-faults.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { entry, inspectorOf, registries } from "./world.ts";

const REPOSITORY = "shop/team/api";
const ROBOT = "robot$shop+gate";
const key = generateSigningKey();

async function setUp(t: Test, options: RegistryOptions = {}, listers?: readonly string[]) {
  const registry = await startRegistry(options);
  t.teardown(() => registry.close());
  const accounts = options.auth?.kind === "bearer" ? options.auth.accounts : {};
  const harbor = serveAccessories(registry, accounts, listers);
  const subject = push(registry, REPOSITORY, imageManifest(), "v1");
  const ask = (kind: "harbor" | "oci" = "harbor") => inspectorOf(t, registries(entry(registry, { kind })), { policies: [policyOf(specOf(key))] });
  return { registry, harbor, subject, ask, image: `${registry.host}/${REPOSITORY}:v1` };
}

t.test("Harbor's list of accessories finds a signature of any layout, with one request for all places", async (t) => {
  for (const sign of [signLegacy, signBundle, signOci11]) {
    const { registry, harbor, subject, ask, image } = await setUp(t);
    const accessory = sign(registry, REPOSITORY, subject, { key });
    harbor.link(REPOSITORY, subject, accessory);
    const { verdict, evidence } = await ask()(image);
    t.equal(verdict.reason, "Signed", sign.name);
    t.match(evidence[0]?.candidates, [{ digest: accessory, location: "accessories" }]);
    t.equal(registry.requests.length, 4, "the image, the list, the accessory and its document");
    t.match(registry.requestLines()[1], `GET /api/v2.0/projects/shop/repositories/team%252Fapi/artifacts/${subject}/accessories?page_size=100`);
    t.equal((await ask()(image, { level: "verified" })).verdict.reason, "Verified");
    registry.reset();
    t.equal((await ask("oci")(image)).verdict.reason, "Signed");
    t.equal(registry.requestLines().filter((line) => line.includes("/api/v2.0/")).length, 0, "nobody but a registry that is declared as a Harbor is asked for it");
  }
});

t.test("what the list does not name is looked for everywhere else", async (t) => {
  const { registry, harbor, subject, ask, image } = await setUp(t);
  t.equal((await ask()(image)).verdict.reason, "Unsigned");
  t.ok(registry.requestLines().some((line) => line.includes("/referrers/")) && registry.requestLines().some((line) => line.endsWith(".sig")), "before it is refused");
  harbor.link(REPOSITORY, subject, notationSignature(registry, REPOSITORY, subject), "signature.notation");
  const attestation = attestBundle(registry, REPOSITORY, subject, { key });
  harbor.link(REPOSITORY, subject, attestation);
  const unsigned = await ask()(image);
  t.match(unsigned.verdict, { reason: "Unsigned", detail: /found instead: / }, "the type that Harbor gives is not believed: an attestation has it too");
  t.equal(unsigned.evidence[0]?.candidates.filter(({ digest }) => digest === attestation).length, 1, "what two places list is told once");
  signLegacy(registry, REPOSITORY, subject, { key });
  t.equal((await ask()(image)).verdict.reason, "Signed");
  t.equal((await ask()(image, { level: "verified" })).verdict.reason, "Verified");
});

t.test("a list without the good signature hides none from a policy", async (t) => {
  const { registry, harbor, subject, ask, image } = await setUp(t);
  harbor.link(REPOSITORY, subject, signBundle(registry, REPOSITORY, subject, { key: generateSigningKey() }));
  signLegacy(registry, REPOSITORY, subject, { key });
  const { verdict } = await ask()(image, { level: "verified" });
  t.equal(verdict.reason, "Verified", "what a refusal would rest on is looked for everywhere");
});

t.test("whatever becomes of the list, the other places answer", async (t) => {
  const { registry, subject, ask, image } = await setUp(t);
  const rows = [answerWith(401), answerWith(403), answerWith(404), answerWith(429), answerWith(503), answerWith(200, {}, "<html>"), answerWith(200, {}, "{}"), answerWith(200, {}, "[1,{}]")];
  for (const behaviour of rows) {
    registry.fault(/^\/api\//, behaviour);
    t.match((await ask()(image)).verdict, { kind: "untrusted", reason: "Unsigned" });
  }
  const accessory = signBundle(registry, REPOSITORY, subject, { key });
  for (const behaviour of rows) {
    registry.fault(/^\/api\//, behaviour);
    t.equal((await ask()(image)).verdict.reason, "Signed");
  }
  registry.fault(new RegExp(accessory), blockedByPolicy());
  t.match((await ask()(image)).verdict, { kind: "untrusted", reason: "BlockedByRegistry" }, "Harbor 2.14 does not hand out cosign 3's signatures under its own policy: that is not unsigned");
});

t.test("a row for another image does not count", async (t) => {
  const { registry, harbor, subject, ask, image } = await setUp(t);
  const other = push(registry, REPOSITORY, imageManifest({ seed: "other" }));
  harbor.link(REPOSITORY, subject, signBundle(registry, REPOSITORY, other, { key }));
  t.equal((await ask()(image)).verdict.reason, "ClaimMismatch");
});

t.test("a robot is known by its name with $ and +, and needs the right to pull alone", async (t) => {
  const accounts = { [ROBOT]: { password: "s3cret", repositories: ["shop/**"] }, "robot$shop+puller": { password: "s3cret", repositories: ["shop/**"] } };
  const { registry, harbor, subject, ask, image } = await setUp(t, { auth: { kind: "bearer", style: "harbor", accounts } }, [ROBOT]);
  harbor.link(REPOSITORY, subject, signBundle(registry, REPOSITORY, subject, { key }));
  const as = (username: string, password = "s3cret") => ({ keyring: keyringOf([{ location: registry.host, credential: { kind: "password", username, password } as const }]) });
  const gate = await ask()(image, as(ROBOT));
  t.match([gate.verdict.reason, gate.evidence[0]?.candidates[0]?.location], ["Signed", "accessories"]);
  const puller = await ask()(image, as("robot$shop+puller"));
  t.match([puller.verdict.reason, puller.evidence[0]?.candidates[0]?.location], ["Signed", "referrers"], "without accessory:list");
  t.equal((await ask()(image, as(ROBOT, "wrong"))).verdict.reason, "Unauthorized");
  t.equal((await ask()(image)).verdict.reason, "Unauthorized", "anonymous");
});
