import t, { type Test } from "tap";
import { EMPTY_KEYRING, keyringOf } from "../../src/inspection/keyring.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { signBundle } from "../helpers/cosign-bundle.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { type RegistryOptions, startRegistry } from "../helpers/registry-double.ts";
import { answerWith } from "../helpers/registry-faults.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";
import { entry, inspectorOf, registries } from "./world.ts";

const key = generateSigningKey();
const policies = [policyOf(specOf(key))];

/** A registry of images, and another with the repository `team/signatures` for all of them. */
async function setUp(t: Test, options: RegistryOptions = {}) {
  const [images, signatures] = await Promise.all([startRegistry(), startRegistry(options)]);
  t.teardown(() => Promise.all([images.close(), signatures.close()]));
  const subject = push(images, "shop/web", imageManifest(), "v1");
  const repository = `${signatures.host}/team/signatures`;
  const config = registries(entry(images, { signatureRepository: repository }), entry(signatures));
  // cosign asks the image's repository for the image, and writes into the other one.
  push(signatures, "shop/web", imageManifest());
  return { images, signatures, subject, repository, config, image: `${images.host}/shop/web` };
}

t.test("signatures of both formats count in the registry's signature repository, at both levels", async (t) => {
  for (const referrers of [true, false]) {
    for (const sign of [signLegacy, signBundle]) {
      const { signatures, subject, config, image } = await setUp(t, { referrers });
      const ask = inspectorOf(t, config, { policies });
      sign(signatures, "shop/web", subject, { key, into: "team/signatures" });
      t.equal((await ask(`${image}:v1`)).verdict.reason, "Signed", `${sign.name}, referrers API: ${referrers}`);
      t.equal((await ask(`${image}@${subject}`, { level: "verified" })).verdict.reason, "Verified");
    }
  }
});

t.test("what lies beside the image does not count, and the message says where to sign", async (t) => {
  const { images, subject, repository, config, image } = await setUp(t);
  signLegacy(images, "shop/web", subject, { key });
  const ask = inspectorOf(t, config, { policies });
  for (const level of ["signed", "verified"] as const) {
    const { verdict } = await ask(`${image}:v1`, { level });
    t.match(verdict, { kind: "untrusted", reason: "Unsigned", remedy: `Sign it with \`COSIGN_REPOSITORY=${repository} cosign sign ${image}@${subject}\`.` }, level);
  }
  t.equal(images.requestLines().filter((line) => line.includes("sha256-") || line.includes("referrers")).length, 0, "nobody asks there");
  const other = generateSigningKey();
  const stranger = await inspectorOf(t, config, { policies: [policyOf({ ...specOf(other), authorities: [{ key: { data: other.publicKey }, attestations: [{ name: "sbom", predicateType: "spdxjson" }] }] })] })(`${image}:v1`, { level: "verified" });
  t.match(stranger.verdict, { remedy: `Attach the attestations that the trust policy asks for with \`COSIGN_REPOSITORY=${repository} cosign attest ... ${image}@${subject}\`.` });
});

t.test("a policy's own source wins over the registry's setting, in the remedy too", async (t) => {
  const { images, signatures, subject, config, image } = await setUp(t);
  signLegacy(signatures, "shop/web", subject, { key, into: "team/signatures" });
  const source = `${images.host}/release`;
  const ask = inspectorOf(t, config, { policies: [policyOf({ images: [{ glob: "**" }], authorities: [{ key: { data: key.publicKey }, source: [{ oci: source }] }] })] });
  // A source lies in a registry that has a signature repository; a source is one already.
  t.match((await ask(`${image}:v1`, { level: "verified" })).verdict, { reason: "Unsigned", remedy: new RegExp(`COSIGN_REPOSITORY=${source} cosign sign`) });
});

t.test("the signature for one digest never counts for another one in the same repository", async (t) => {
  const { images, signatures, subject, config, image } = await setUp(t);
  const other = push(images, "shop/other", imageManifest({ seed: "other" }), "v1");
  push(signatures, "shop/web", imageManifest({ seed: "other" }));
  signLegacy(signatures, "shop/web", subject, { key, into: "team/signatures" });
  // Somebody who may push there moves the good signature under the other image's tag.
  const good = signatures.manifest("team/signatures", `sha256-${subject.slice(7)}.sig`);
  if (good === undefined) throw new Error("nothing was signed");
  signatures.push("team/signatures", good.bytes, good.mediaType, `sha256-${other.slice(7)}.sig`);
  const ask = inspectorOf(t, config);
  t.equal((await ask(`${image}:v1`)).verdict.reason, "Signed");
  t.equal((await ask(`${images.host}/shop/other:v1`)).verdict.reason, "ClaimMismatch");
});

t.test("the signature repository is asked with credentials of its own, never with the image's", async (t) => {
  const auth = { kind: "basic", accounts: { signatures: { password: "2", repositories: ["**"] } } } as const;
  const { images, signatures, subject, config, image } = await setUp(t, { auth });
  signLegacy(signatures, "shop/web", subject, { key, into: "team/signatures" });
  const login = (location: string, username: string, password: string) => ({ location, credential: { kind: "password", username, password } as const });
  const ask = inspectorOf(t, config);
  const own = login(images.host, "images", "1");
  const without = await ask(`${image}:v1`, { keyring: keyringOf([own]) });
  t.match(without.verdict, { kind: "undetermined", reason: "Unauthorized", remedy: new RegExp(`imagePullSecret for ${signatures.host}`) });
  t.same(signatures.requests.flatMap(({ headers }) => headers.authorization ?? []), []);
  t.equal((await ask(`${image}:v1`, { keyring: keyringOf([own, login(signatures.host, "signatures", "2")]) })).verdict.reason, "Signed");
  t.same(new Set(images.requests.flatMap(({ headers }) => headers.authorization ?? [])), new Set([]), "an open registry is told no password");
  t.equal((await ask(`${image}:v1`, { keyring: EMPTY_KEYRING })).verdict.reason, "Unauthorized", "what one asker's credential found is not another's");
});

t.test("an outage of the signature repository is told as one, and by its host", async (t) => {
  const { signatures, config, image } = await setUp(t);
  signatures.fault(/./, answerWith(503));
  t.match((await inspectorOf(t, config)(`${image}:v1`)).verdict, { kind: "undetermined", reason: "RegistryUnavailable", remedy: `Try again once ${signatures.host} answers.` });
});
