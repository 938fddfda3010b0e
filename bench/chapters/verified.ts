import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../src/signature/cosign.ts";
import type { SignedDocument } from "../../src/signature/candidate.ts";
import { decodeBundle } from "../../src/signature/bundle.ts";
import type { KeyAuthority } from "../../src/trust/authority.ts";
import { parsePublicKey } from "../../src/trust/public-key.ts";
import { verifyDocument } from "../../src/verify/verify.ts";
import { computeDigest } from "../../src/image/digest.ts";
import { bundleOf, signBundle } from "../../test/helpers/cosign-bundle.ts";
import { signLegacy, simpleSigningPayload } from "../../test/helpers/cosign.ts";
import { imageManifest, push } from "../../test/helpers/images.ts";
import { generateSigningKey, type KeyKind, type SigningKey } from "../../test/helpers/signing-key.ts";
import { compare, type Subject } from "../measure.ts";
import { table } from "../table.ts";
import { policyFor } from "../policies.ts";
import { startPratique } from "../server.ts";
import { startWorld, type World } from "../world.ts";

const KINDS: readonly KeyKind[] = ["ecdsa-p256", "rsa", "ed25519", "ecdsa-p384", "ecdsa-p521", "ed25519ph"];
const SUBJECT = computeDigest("sha256", Buffer.from("image"));

const key = generateSigningKey();

/** What level `verified` costs, side by side with `signed`. */
export async function verifiedBesideSigned(): Promise<void> {
  const world = await startWorld();
  try {
    console.log(table("One verification, nothing remembered (decoding included)", await compare(KINDS.flatMap(verifications), { rounds: 9, runs: 200 })));
    await overTls(world);
    console.log(table("The same without TLS and HTTP: admission alone", await compare(await warm(world), { rounds: 15, runs: 300 })));
    console.log(table("A Pod whose image nobody has asked about: caches empty, registry on loopback", await compare(cold(world), { rounds: 9, runs: 20 })));
    console.log(table("Policies that govern the image, each with a key of its own that has signed: warm", await compare(await governed(world), { rounds: 9, runs: 100 })));
    console.log(table("50 signatures of which the last is good", await compare(await crowded(world), { rounds: 9, runs: 10 })));
  } finally {
    await world.close();
  }
}

function verifications(kind: KeyKind): readonly Subject[] {
  const signer = generateSigningKey(kind);
  const publicKey = parsePublicKey(signer.publicKey);
  const authority: KeyAuthority = { kind: "key", name: kind, key: publicKey, hash: undefined, sources: [], attestations: [], revision: publicKey.fingerprint };
  const payload = simpleSigningPayload(SUBJECT, "registry.example.com/shop/web");
  const annotations = new Map([[SIGNATURE_ANNOTATION, signer.sign(payload, "legacy")]]);
  const bundle = bundleOf(SUBJECT, { key: signer });
  const layouts: readonly (readonly [string, () => SignedDocument])[] = [
    [".sig", () => documentOf(decodeSimpleSigning(payload, annotations))],
    ["bundle", () => documentOf(decodeBundle(bundle).claim)],
  ];
  return layouts.map(([layout, decode]) => ({
    name: `${kind} in ${layout}`,
    run: async () => {
      if (verifyDocument(decode(), authority).kind !== "verified") throw new Error(`${kind} in ${layout} does not verify`);
    },
  }));
}

function documentOf(claim: ReturnType<typeof decodeSimpleSigning>): SignedDocument {
  if (claim.kind !== "claims") throw new Error("not a signature");
  return claim.document;
}

async function overTls({ registry }: World): Promise<void> {
  const image = push(registry, "served", imageManifest({ seed: "served" }), "v1");
  signLegacy(registry, "served", image, { key });
  const reference = `${registry.host}/served@${image}`;
  const start = (level: string) => startPratique(registry, { namespaces: { shop: { "pratique.dev/enforce": level } }, policies: [policyFor("release", key.publicKey)], connections: 1 });
  const [signed, verified] = await Promise.all([start("signed"), start("verified")]);
  const subjects = Object.entries({ signed, verified }).map(([name, server]) => ({ name, run: () => server.admit(reference) }));
  console.log(table("A Pod that was admitted before, over TLS: no request, everything remembered", await compare(subjects, { rounds: 15, runs: 300 })));
  await Promise.all([signed.close(), verified.close()]);
}

async function warm({ registry, webhook }: World): Promise<readonly Subject[]> {
  const image = push(registry, "warm", imageManifest({ seed: "warm" }), "v1");
  signLegacy(registry, "warm", image, { key });
  const reference = `${registry.host}/warm@${image}`;
  const signed = webhook("signed");
  const verified = webhook("verified", [policyFor("release", key.publicKey)]);
  for (const each of [signed, verified]) await each.admit(reference);
  return [
    { name: "signed", run: () => signed.admit(reference) },
    { name: "verified", run: () => verified.admit(reference) },
  ];
}

function cold({ registry, webhook }: World): readonly Subject[] {
  const images = { ".sig": signed("cold-sig", signLegacy), bundle: signed("cold-bundle", signBundle) };
  const policies = [policyFor("release", key.publicKey)];
  return Object.entries(images).flatMap(([layout, reference]) => [
    { name: `signed, ${layout}`, run: () => webhook("signed").admit(reference) },
    { name: `verified, ${layout}`, run: () => webhook("verified", policies).admit(reference) },
  ]);

  function signed(repository: string, sign: typeof signLegacy | typeof signBundle): string {
    const image = push(registry, repository, imageManifest({ seed: repository }), "v1");
    sign(registry, repository, image, { key });
    return `${registry.host}/${repository}:v1`;
  }
}

async function governed({ registry, webhook }: World): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  for (const count of [1, 10, 100]) {
    const repository = `governed-${count}`;
    const image = push(registry, repository, imageManifest({ seed: repository }), "v1");
    // At most 50 signatures are looked at, so the hundredth policy shares its key with the fiftieth.
    const keys: readonly SigningKey[] = Array.from({ length: Math.min(count, 50) }, () => generateSigningKey());
    for (const each of keys) signLegacy(registry, repository, image, { key: each });
    const policies = Array.from({ length: count }, (_, i) => policyFor(`policy-${i}`, keys[i % keys.length]?.publicKey ?? ""));
    const verified = webhook("verified", policies);
    const reference = `${registry.host}/${repository}@${image}`;
    await verified.admit(reference);
    subjects.push({ name: `${count} ${count === 1 ? "policy" : "policies"}`, run: () => verified.admit(reference) });
  }
  return subjects;
}

async function crowded({ registry, webhook }: World): Promise<readonly Subject[]> {
  const image = push(registry, "crowded", imageManifest({ seed: "crowded" }), "v1");
  for (let i = 0; i < 49; i += 1) signLegacy(registry, "crowded", image, { key: generateSigningKey() });
  signLegacy(registry, "crowded", image, { key });
  const reference = `${registry.host}/crowded@${image}`;
  const policies = [policyFor("release", key.publicKey)];
  const known = webhook("verified", policies);
  await known.admit(reference);
  return [
    { name: "signed, cold", run: () => webhook("signed").admit(reference) },
    { name: "verified, cold", run: () => webhook("verified", policies).admit(reference) },
    { name: "verified, warm", run: () => known.admit(reference) },
  ];
}
