import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import { stringify } from "yaml";

import { run } from "../../src/cli/cli.ts";
import { parsePublicKey } from "../../src/trust/public-key.ts";
import { attestBundle, signBundle } from "../helpers/cosign-bundle.ts";
import { signLegacy } from "../helpers/cosign.ts";
import { imageManifest, push, pushIndex } from "../helpers/images.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { generateSigningKey } from "../helpers/signing-key.ts";

const release = generateSigningKey();
const other = generateSigningKey();
const fingerprint = parsePublicKey(release.publicKey).fingerprint;

async function check(...args: readonly string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const chunks: [string[], string[]] = [[], []];
  const [stdout, stderr] = chunks.map((kept) => new Writable({ write: (chunk: Buffer, _encoding, done) => done(void kept.push(chunk.toString())) })) as [Writable, Writable];
  const status = await run(["check", ...args], { stdin: Readable.from([]), stdout, stderr, env: { HOME: "/nonexistent" }, stopAsked: async () => {} });
  const [out, err] = chunks.map((kept) => stripVTControlCharacters(kept.join(""))) as [string, string];
  return { status, out, err };
}

async function registry(t: Test): Promise<RegistryDouble> {
  const double = await startRegistry();
  t.teardown(() => double.close());
  return double;
}

const policy = (name: string, spec: object, more: object = {}): string =>
  stringify({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name }, spec: { images: [{ glob: "**" }], ...spec }, ...more });
const byKey = (publicKey: string): object => ({ authorities: [{ name: "release", key: { data: publicKey } }] });

t.test("text: which policy governs, which authority accepted whom, and by what", async (t) => {
  const double = await registry(t);
  const image = push(double, "shop/web", imageManifest(), "v1");
  const carrier = signLegacy(double, "shop/web", image, { key: release });
  const dir = t.testdir({ "policy.yaml": policy("release-keys", byKey(release.publicKey)) });
  const { status, out } = await check(`${double.host}/shop/web:v1`, "--policy", join(dir, "policy.yaml"));
  t.equal(status, 0);
  t.equal(
    out,
    [
      `✓ ${double.host}/shop/web:v1`,
      `  ${image}`,
      `  trusted, Verified: satisfies ClusterTrustPolicy "release-keys" by "release" (key ${fingerprint})`,
      `  └─ cosign signature (simple-signing) at the .sig tag, in ${carrier}: claims this digest`,
      "  Policies that govern it:",
      '  └─ ✓ ClusterTrustPolicy "release-keys" is satisfied',
      `     └─ authority "release" accepts key ${fingerprint}, by the signature in ${carrier}`,
      "",
    ].join("\n"),
  );
});

t.test("text: for each candidate that failed exactly why", async (t) => {
  const double = await registry(t);
  const image = push(double, "shop/web", imageManifest(), "v1");
  const carrier = signLegacy(double, "shop/web", image, { key: other });
  const elsewhere = signBundle(double, "shop/web", image, { key: release, claims: push(double, "shop/web", imageManifest({ seed: "other" })) });
  const dir = t.testdir({ "policy.yaml": policy("release-keys", byKey(release.publicKey)) });
  const { status, out } = await check(`${double.host}/shop/web:v1`, "--policy", join(dir, "policy.yaml"));
  t.equal(status, 1);
  t.match(out, /untrusted, UntrustedSigner: ClusterTrustPolicy "release-keys": no signature on sha256:/);
  t.ok(
    out.includes(
      [
        '  └─ ✗ ClusterTrustPolicy "release-keys" is not satisfied (UntrustedSigner)',
        `     └─ authority "release" finds no signature by key ${fingerprint}`,
        `        ├─ the signature in ${carrier} was not made with that key over these bytes`,
        `        └─ the signature in ${elsewhere} is for another digest`,
      ].join("\n"),
    ),
    out,
  );
  t.match(out, /Next: Sign it with a key that the trust policy accepts: `cosign sign --key \.\.\. .*`/);
});

t.test("an index: each part by itself, and JSON for programs", async (t) => {
  const double = await registry(t);
  const entries = ["linux/amd64", "linux/arm64"].map((platform) => ({ image: imageManifest({ seed: platform, platform }), platform }));
  const { index, children } = pushIndex(double, "shop/web", entries, "v1");
  const [amd64 = index, arm64 = index] = children;
  for (const subject of [index, amd64]) signLegacy(double, "shop/web", subject, { key: release });
  const stranger = signLegacy(double, "shop/web", arm64, { key: other });
  const dir = t.testdir({ "policy.yaml": policy("release-keys", byKey(release.publicKey)) });
  const args = [`${double.host}/shop/web:v1`, "--policy", join(dir, "policy.yaml")];
  t.match((await check(...args)).out, new RegExp(`linux/arm64 ${arm64}\\n.*finds no signature by key`));
  const { images } = JSON.parse((await check(...args, "--output", "json")).out) as { images: readonly Record<string, unknown>[] };
  t.match(images, [
    {
      verdict: "untrusted",
      reason: "UntrustedSigner",
      platforms: [{ platform: "linux/amd64", reason: "Verified" }, { platform: "linux/arm64", reason: "UntrustedSigner" }],
      policies: [
        {
          kind: "ClusterTrustPolicy",
          namespace: null,
          name: "release-keys",
          reason: "UntrustedSigner",
          subjects: [
            { name: "the index", digest: index, authorities: [{ kind: "accepted", name: "release", signer: fingerprint }] },
            { name: "linux/amd64", authorities: [{ kind: "accepted" }] },
            { name: "linux/arm64", digest: arm64, authorities: [{ kind: "rejected", signer: fingerprint, missing: [], candidates: [{ digest: stranger, layout: "simple-signing", location: "sig-tag", fault: "BadSignature" }] }] },
          ],
        },
      ],
    },
  ]);
  t.equal((await check(...args, "--index", "index")).status, 0);
});

t.test("policies and Secrets of several files, a List among them", async (t) => {
  const double = await registry(t);
  const image = push(double, "shop/web", imageManifest(), "v1");
  signLegacy(double, "shop/web", image, { key: release });
  attestBundle(double, "shop/web", image, { key: other, predicateType: "https://slsa.dev/provenance/v1" });
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, stringData: { "cosign.pub": release.publicKey } };
  const bySecret = JSON.parse(JSON.stringify({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "a" }, spec: { images: [{ glob: "**" }], authorities: [{ key: { secretRef: { name: "keys" } } }] } })) as object;
  const narrow = { apiVersion: "pratique.dev/v1alpha1", kind: "TrustPolicy", metadata: { name: "b", namespace: "shop" }, spec: { images: [{ glob: "**" }], authorities: [{ key: { data: other.publicKey }, attestations: [{ predicateType: "slsaprovenance1" }] }] } };
  const dir = t.testdir({
    "list.yaml": stringify({ apiVersion: "v1", kind: "List", items: [bySecret, secret] }),
    "narrow.yaml": `---\n${stringify(narrow)}---\n`,
    "spdx.yaml": stringify({ ...narrow, spec: { ...narrow.spec, authorities: [{ key: { data: other.publicKey }, attestations: [{ predicateType: "spdx" }] }] } }),
    "pratique.yaml": "namespaces: {shop: {pratique.dev/enforce: verified}}",
    "deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}",
    "broken.yaml": "apiVersion: [",
    "bad.yaml": policy("bad", { ...byKey(release.publicKey), mode: "warn" }),
  });
  const file = (name: string): string => join(dir, name);
  const reason = async (...args: readonly string[]): Promise<unknown> => {
    const { status, out, err } = await check(`${double.host}/shop/web:v1`, "--output", "json", ...args);
    return status === 2 ? err : (JSON.parse(out) as { images: readonly { reason: string }[] }).images[0]?.reason;
  };
  const inShop = ["--namespace", "shop", "--config", file("pratique.yaml")];
  t.equal(await reason("--policy", file("list.yaml")), "Verified");
  t.equal(await reason("--policy", file("narrow.yaml"), ...inShop), "NoPolicy", "a TrustPolicy only narrows");
  t.equal(await reason("--policy", file("list.yaml"), "--policy", file("narrow.yaml"), ...inShop), "Verified");
  t.equal(await reason("--policy", file("list.yaml"), "--policy", file("spdx.yaml"), ...inShop), "AttestationMissing");
  t.equal(await reason("--policy", file("bad.yaml")), "PolicyInvalid");
  t.match(await reason("--policy", file("deployment.yaml")), /"Deployment" "web" .* is none of ClusterTrustPolicy/);
  t.match(await reason("--policy", file("broken.yaml")), /broken\.yaml has .*line 1/s);
  const said = await check(`${double.host}/shop/web:v1`, "--policy", file("bad.yaml"));
  t.match(said.out, /ClusterTrustPolicy "bad": spec\.mode: is not supported: .* \(PolicyInvalid\)/);
});
