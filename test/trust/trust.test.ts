import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import t from "tap";
import { parseReference } from "../../src/image/reference.ts";
import { governing, isGoverned } from "../../src/trust/match.ts";
import { PREDICATE_NAMES } from "../../src/trust/predicate-type.ts";
import { KeyError, parsePublicKey } from "../../src/trust/public-key.ts";
import type { SecretText } from "../../src/trust/resolve.ts";
import { loopbackCertificate } from "../helpers/certificates.ts";
import { fixture } from "../helpers/layouts.ts";
import { policyOf, problemsOf, specOf } from "../helpers/policies.ts";
import { generateSigningKey, type KeyKind } from "../helpers/signing-key.ts";
import { withField, withoutField } from "../helpers/tweak.ts";

const key = generateSigningKey();
const SPEC = withField(specOf(key), "images.0.glob", "a.b/**");

t.test("keys of each kind, and one fingerprint for each key however it is written", async (t) => {
  const kinds: readonly (readonly [KeyKind, string])[] = [["ecdsa-p256", "ecdsa-p256"], ["ecdsa-p384", "ecdsa-p384"], ["ecdsa-p521", "ecdsa-p521"], ["rsa", "rsa"], ["ed25519", "ed25519"]];
  for (const [kind, expected] of kinds) t.match(parsePublicKey(generateSigningKey(kind).publicKey), { kind: expected, fingerprint: /^sha256:[0-9a-f]{64}$/ }, kind);
  const rsa = generateSigningKey("rsa");
  const pkcs1 = rsa.key.export({ type: "pkcs1", format: "pem" }).toString();
  t.match(pkcs1, /RSA PUBLIC KEY/);
  const same = [rsa.publicKey, pkcs1, `\n  ${rsa.publicKey}\n\n`, rsa.publicKey.replaceAll("\n", "\r\n")].map((pem) => parsePublicKey(pem).fingerprint);
  t.equal(new Set(same).size, 1);
  t.not(parsePublicKey(key.publicKey).fingerprint, same[0]);
  for (const name of ["k2.pub", "k3.pub"]) t.equal(parsePublicKey(fixture(`keys/${name}`).toString()).kind, "ecdsa-p256", "as cosign writes it");
});

t.test("what is no public key is refused, and nothing of it is quoted", async (t) => {
  const pem = (object: KeyObject, type: "pkcs8" | "spki" = "spki"): string => object.export({ type, format: "pem" }).toString();
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const certificate = await loopbackCertificate();
  const secret = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const rows: readonly (readonly [name: string, text: string, code: string])[] = [
    ["nothing", "", "NotPem"],
    ["an ssh key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "NotPem"],
    ["text before the block", `my key: ${key.publicKey}`, "NotPem"],
    ["text after the block", `${key.publicKey}x`, "NotPem"],
    ["two keys", key.publicKey + generateSigningKey().publicKey, "SeveralBlocks"],
    ["a private key", pem(secret, "pkcs8"), "PrivateKey"],
    ["cosign's private key", "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----", "PrivateKey"],
    ["a certificate", certificate.cert, "Certificate"],
    ["a certificate under another label", certificate.cert.replaceAll("CERTIFICATE", "PUBLIC KEY"), "Unreadable"],
    ["bytes that are no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "Unreadable"],
    ["a truncated key", key.publicKey.replace(/.{12}==\n-----END/, "\n-----END"), "Unreadable"],
    ["an RSA key of 1,024 bits", pem(weak.publicKey), "TooWeak"],
    ["another curve", pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey), "Unsupported"],
    ["X25519", pem(generateKeyPairSync("x25519").publicKey), "Unsupported"],
    ["Ed448", pem(generateKeyPairSync("ed448").publicKey), "Unsupported"],
  ];
  for (const [name, text, code] of rows) {
    try {
      parsePublicKey(text);
      t.fail(`${name} is taken for a key`);
    } catch (error) {
      t.match(error, { constructor: KeyError, code }, name);
      t.notOk(error instanceof Error && /AAAA|MII|MHc/.test(error.message), `${name}: nothing is quoted`);
    }
  }
  t.equal(createPublicKey(certificate.cert).type, "public", "node itself would read a key out of a certificate");
});

t.test("a policy that cannot be read names each field, governs, and is never satisfied", async (t) => {
  const authority = "spec.authorities[0]";
  const rows: readonly (readonly [name: string, spec: object, paths: readonly string[]])[] = [
    ["nothing", {}, ["spec.images", "spec.authorities"]],
    ["no images", withField(SPEC, "images", []), ["spec.images"]],
    ["a bad glob", withField(SPEC, "images.0.glob", "harbor.example.com/{a,b}"), ["spec.images[0].glob"]],
    ["a host alone", withField(SPEC, "images.0.glob", "harbor.example.com"), ["spec.images[0].glob"]],
    ["no authorities", withField(SPEC, "authorities", []), ["spec.authorities"]],
    ["neither key nor static", withoutField(SPEC, "authorities.0.key"), [authority]],
    ["key and static", withField(SPEC, "authorities.0.static", { action: "pass" }), [authority]],
    ["neither data nor secretRef", withField(SPEC, "authorities.0.key", {}), [`${authority}.key`]],
    ["an unreadable key", withField(SPEC, "authorities.0.key.data", "x"), [`${authority}.key.data`]],
    ["an unknown hash", withField(SPEC, "authorities.0.key.hashAlgorithm", "md5"), [`${authority}.key.hashAlgorithm`]],
    ["a number for a text", withField(SPEC, "authorities.0.name", 1), [`${authority}.name`]],
    ["null for a text", withField(SPEC, "authorities.0.name", null), [`${authority}.name`]],
    ["a threshold of nothing", withField(SPEC, "threshold", 0), ["spec.threshold"]],
    ["half a threshold", withField(SPEC, "threshold", 1.5), ["spec.threshold"]],
    ["more than there are", withField(SPEC, "threshold", 2), ["spec.threshold"]],
    ["another index rule", withField(SPEC, "index", "any"), ["spec.index"]],
    ["a bad repository", withField(SPEC, "authorities.0.source", [{ oci: "a.b/c:tag" }]), [`${authority}.source[0].oci`]],
    ["a predicate type that is no URI", withField(SPEC, "authorities.0.attestations", [{ predicateType: "provenance" }]), [`${authority}.attestations[0].predicateType`]],
    ["a name twice", { ...SPEC, authorities: [1, 2].map(() => ({ name: "a", key: { data: key.publicKey } })) }, ["spec.authorities[1].name"]],
    ...["mode", "match", "policy", "treshold"].map((name) => [name, { ...SPEC, [name]: {} }, [`spec.${name}`]] as const),
    ...["keyless", "ctlog", "rfc3161timestamp", "signatureFormat", "atestations"].map((name) => [name, withField(SPEC, `authorities.0.${name}`, {}), [`${authority}.${name}`]] as const),
    ["a prototype", { ...SPEC, ...JSON.parse('{"constructor": {}}') as object }, ["spec.constructor"]],
    ["kms", withField(SPEC, "authorities.0.key.kms", "gcpkms://x"), [`${authority}.key.kms`]],
    ["a Secret of another namespace", withField(SPEC, "authorities.0.key", { secretRef: { name: "k", namespace: "other" } }), [`${authority}.key.secretRef.namespace`]],
    ["a policy on the predicate", withField(SPEC, "authorities.0.attestations", [{ predicateType: "spdx", policy: { type: "cue" } }]), [`${authority}.attestations[0].policy`]],
  ];
  for (const [name, spec, paths] of rows) {
    const policy = policyOf(spec);
    t.same(problemsOf(policy), paths, name);
    t.equal(policy.state.kind, "invalid", name);
    const isOfImages = paths.some((path) => path.startsWith("spec.images"));
    t.same(policy.globs.map(({ text }) => text), [isOfImages ? "**" : "a.b/**"], `${name}: it governs`);
  }
  t.same(policyOf(withField(withField(SPEC, "images.0.glob", "a.b/c"), "mode", "x")).globs.map(({ text }) => text), ["a.b/c"], "what can be read of its images still counts");
  t.same(policyOf({ ...SPEC, images: [{ glob: "a.b/c" }, { glob: "[" }] }).globs.map(({ text }) => text), ["**"], "what cannot be read may have been meant for anything");
});

t.test("what a TrustPolicy may not do", async (t) => {
  const pass = { images: [{ glob: "**" }], authorities: [{ static: { action: "pass" } }] };
  t.same(problemsOf(policyOf(pass)), []);
  t.same(problemsOf(policyOf(pass, { kind: "TrustPolicy" })), ["spec.authorities[0].static.action"]);
  t.same(problemsOf(policyOf({ ...pass, authorities: [{ static: { action: "fail" } }] }, { kind: "TrustPolicy" })), []);
});

t.test("a refusal's own words are one line", async (t) => {
  const saying = (message: string): object => ({ images: [{ glob: "**" }], authorities: [{ static: { action: "fail", message } }] });
  for (const message of ["Ask the platform team: #platform", "Zutritt verweigert – näm' kä", "x".repeat(1024)]) t.same(problemsOf(policyOf(saying(message))), []);
  for (const message of ["", "a\nb", "a\rb", "\u001b[2J", "a\u2028b", "a\u202eb", "x".repeat(1025)]) t.same(problemsOf(policyOf(saying(message))), ["spec.authorities[0].static.message"], encodeURIComponent(message).slice(0, 40));
});

t.test("static answers look nowhere and count nobody", async (t) => {
  const fixed = (change: object, threshold = 1): object => ({ images: [{ glob: "**" }], threshold, authorities: [{ static: { action: "fail" }, ...change }, { key: { data: key.publicKey } }] });
  t.same(problemsOf(policyOf(fixed({}))), []);
  t.same(problemsOf(policyOf(fixed({ source: [{ oci: "a.b/c" }] }))), ["spec.authorities[0].source"]);
  t.same(problemsOf(policyOf(fixed({ attestations: [{ predicateType: "spdx" }] }))), ["spec.authorities[0].attestations"]);
  t.same(problemsOf(policyOf(fixed({}, 2))), ["spec.threshold"]);
});

t.test("keys in Secrets: of the policy's own namespace, there or not", async (t) => {
  const spec = withField(SPEC, "authorities.0.key", { secretRef: { name: "keys" } });
  const secret = (text: SecretText): ReadonlyMap<string, SecretText> => new Map([["pratique-system/keys", text]]);
  t.match(policyOf(spec, { secrets: secret({ kind: "text", text: key.publicKey }) }).state, { kind: "ready", authorities: [{ key: { kind: "ecdsa-p256" } }] });
  t.match(policyOf(spec).state, { kind: "invalid", problems: [{ path: "spec.authorities[0].key.secretRef", message: "there is no Secret pratique-system/keys" }] });
  t.match(policyOf(spec, { kind: "TrustPolicy" }).state, { problems: [{ message: "there is no Secret shop/keys" }] });
  t.match(policyOf(spec, { secrets: secret({ kind: "text", text: "x" }) }).state, { kind: "invalid", problems: [{ message: /^the Secret pratique-system\/keys, key cosign\.pub, is not one PEM block/ }] });
  t.match(policyOf(spec, { secrets: secret({ kind: "unknown", message: "the API server is down" }) }).state, { kind: "unknown", message: "the API server is down" });
  const beside = { ...spec, authorities: [{ key: { secretRef: { name: "keys" } } }, { key: { data: key.publicKey } }] };
  t.equal(policyOf(beside).state.kind, "invalid", "a policy is ready, or lets nothing in");
});

t.test("which policies govern, and in which order they speak", async (t) => {
  const glob = (text: string, name = text, kind?: "TrustPolicy") => policyOf(withField(SPEC, "images.0.glob", text), { name, ...(kind && { kind }) });
  const governs = (pattern: string, image: string): boolean => governing([glob(pattern)], parseReference(image)).length === 1;
  for (const image of ["nginx", "library/nginx", "docker.io/nginx", "docker.io/library/nginx:1", "index.docker.io/library/nginx", "registry-1.docker.io/library/nginx", "DOCKER.IO/library/nginx"]) {
    for (const pattern of ["nginx", "docker.io/library/*", "docker.io/**", "index.docker.io/library/nginx"]) t.ok(governs(pattern, image), `${pattern} governs ${image}`);
  }
  const almost: readonly (readonly [pattern: string, image: string])[] = [
    ["registry.corp/**", "registry.corp.evil.io/shop/web"],
    ["registry.corp/**", "evil.io/registry.corp/web"],
    ["registry.corp/shop/*", "registry.corp/shop/team/web"],
    ["registry.corp/shop/*", "registry.corp/shopping/web"],
    ["registry.corp/shop/web", "registry.corp/shop/web2"],
    ["registry.corp/shop/web", "registry.corp:5000/shop/web"],
    ["registry.corp/shop/web:1.*", `registry.corp/shop/web@sha256:${"a".repeat(64)}`],
    ["registry.corp/shop/web:1.*", `registry.corp/shop/web:1.4@sha256:${"a".repeat(64)}`],
    ["docker.io/library/*", "evil.io/docker.io/library/nginx"],
    ["nginx", "evil/nginx"],
  ];
  for (const [pattern, image] of almost) t.notOk(governs(pattern, image), `${pattern} does not govern ${image}`);
  t.ok(governs("registry.corp/**", "REGISTRY.corp:443/shop/web"), "a host has one spelling");

  const policies = [glob("**", "z"), glob("**", "narrow", "TrustPolicy"), glob("a.b/**", "elsewhere"), glob("**", "a")];
  t.same(governing(policies, parseReference("x.y/z")).map(({ id }) => id.name), ["a", "z", "narrow"]);
  t.equal(isGoverned(governing([glob("**", "narrow", "TrustPolicy")], parseReference("x.y/z"))), false);
});

t.test("cosign's names for predicate types are what it writes", async (t) => {
  for (const [name, uri] of PREDICATE_NAMES) {
    const asked = [name, uri].map((predicateType) => policyOf(withField(SPEC, "authorities.0.attestations", [{ predicateType }])).state);
    t.match(asked, [{ authorities: [{ attestations: [uri] }] }, { authorities: [{ attestations: [uri] }] }], name);
  }
});
