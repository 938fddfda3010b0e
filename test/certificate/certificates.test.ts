import t from "tap";
import { type Certificates, certificatesIn, decodeCertificates, encodeCertificates, pemOf, type SecretData } from "../../src/certificate/certificates.ts";
import { createCa, issueServing } from "../../src/certificate/issue.ts";
import { isTrusted, wantedBundle } from "../../src/certificate/ca-bundle.ts";
import { nextChange, type Situation } from "../../src/certificate/rotation.ts";

const NAMES = ["pratique.pratique-system.svc"];
const NOW = Date.parse("2026-11-23T17:00:00Z");
const HOUR = 3_600_000;
const order = { names: NAMES, now: NOW, expires: NOW + 10 * HOUR };
const [ca, older, other] = [createCa(order), createCa(order), createCa(order)];
const whole: Certificates = { ca, olderCas: [older.certificate], serving: issueServing(ca, order) };
const encoded = encodeCertificates(whole);
const signedBy = (holder: typeof ca, names = NAMES): SecretData => {
  const { certificate, key } = issueServing(holder, { ...order, names });
  return { "tls.crt": certificate.toString(), "tls.key": pemOf(key) };
};

function fingerprints({ ca, olderCas, serving }: { readonly [Part in keyof Certificates]: Certificates[Part] | undefined }) {
  return [ca?.certificate.fingerprint256, olderCas?.map(({ fingerprint256 }) => fingerprint256), serving?.certificate.fingerprint256];
}

t.test("what is encoded is decoded", async (t) => {
  const found = decodeCertificates(encoded, NAMES, NOW);
  t.same(fingerprints(found), fingerprints(whole));
  t.same(found.faults, []);
  t.ok(found.ca?.certificate.checkPrivateKey(found.ca.key));
  t.ok(found.serving?.certificate.checkPrivateKey(found.serving.key));
});

t.test("what cannot be used is left out, and told of", async (t) => {
  const CA_FAULT = "ca.crt and ca.key are not a CA";
  const cases: readonly (readonly [what: string, data: SecretData, left: readonly string[], faults: readonly string[]])[] = [
    ["nothing", {}, [], []],
    ["empty texts", { "ca.crt": "", "ca.key": "", "tls.crt": "", "tls.key": "" }, [], []],
    ["words", { "ca.crt": "a", "ca.key": "b", "tls.crt": "c", "tls.key": "d" }, [], [CA_FAULT, "tls.crt and tls.key are not"]],
    ["no CA key", { ...encoded, "ca.key": "" }, ["serving"], [CA_FAULT]],
    ["the CA key of another", { ...encoded, "ca.key": pemOf(other.key) }, ["serving"], [CA_FAULT]],
    ["the key of the certificate for that of the CA", { ...encoded, "ca.key": encoded["tls.key"] }, ["serving"], [CA_FAULT]],
    ["the certificate for a CA", { ...encoded, "ca.crt": encoded["tls.crt"], "ca.key": encoded["tls.key"] }, [], [CA_FAULT, "no CA in ca.crt signed"]],
    ["no serving key", { ...encoded, "tls.key": "" }, ["ca"], ["tls.crt and tls.key are not"]],
    ["the serving key of another", { ...encoded, "tls.key": pemOf(other.key) }, ["ca"], ["tls.crt and tls.key are not"]],
    ["signed by a stranger", { ...encoded, ...signedBy(other) }, ["ca"], ["no CA in ca.crt signed"]],
    ["for another name", { ...encoded, ...signedBy(ca, ["other.svc"]) }, ["ca"], ["is not for pratique.pratique-system.svc"]],
    ["signed by an older CA", { ...encoded, ...signedBy(older) }, ["ca", "serving"], []],
    ["half a certificate", { ...encoded, "tls.crt": encoded["tls.crt"].slice(0, 200) }, ["ca"], ["tls.crt and tls.key are not"]],
    ["a certificate with a broken inside", { ...encoded, "tls.crt": encoded["tls.crt"].replace(/M/, "A") }, ["ca"], ["tls.crt and tls.key are not"]],
  ];
  for (const [what, data, left, faults] of cases) {
    const found = decodeCertificates(data, NAMES, NOW);
    t.same((["ca", "serving"] as const).filter((part) => found[part] !== undefined), left, what);
    t.equal(found.faults.length, faults.length, what);
    for (const [index, fault] of faults.entries()) t.ok(found.faults[index]?.includes(fault), `${what}: ${found.faults[index]}`);
    t.notMatch(found.faults.join(), /BEGIN/, "no fault quotes what is there");
  }
});

t.test("what has expired is not used", async (t) => {
  const long = createCa({ ...order, expires: NOW + 100 * HOUR });
  const data = encodeCertificates({ ca: long, olderCas: [older.certificate], serving: issueServing(long, order) });
  const later = decodeCertificates(data, NAMES, NOW + 11 * HOUR);
  t.same(later.olderCas, [], "an older CA is forgotten");
  t.ok(later.ca);
  t.match(later.faults, [/has expired/]);
  t.equal(decodeCertificates(data, NAMES, NOW + 101 * HOUR).ca, undefined);
  t.equal(decodeCertificates(data, NAMES, NOW - 2 * HOUR).ca, undefined, "nor is what is not good yet");
  const elsewhere = decodeCertificates(data, ["pratique.elsewhere.svc"], NOW);
  t.match(elsewhere, { ca: undefined, serving: undefined }, "a CA that may not sign for our names is none of ours to sign with");
});

function situation(changes: Partial<Situation> = {}): Situation {
  return { now: NOW, names: NAMES, lifetimes: { ca: 10 * HOUR, serving: 10 * HOUR }, trustedSince: undefined, remembered: undefined, ...changes };
}

t.test("a certificate that is lost is made again by the CA that is there", async (t) => {
  const change = nextChange({ ...whole, serving: undefined, faults: ["x"] }, situation());
  t.match(change, { kind: "renew", next: { ca: whole.ca, olderCas: whole.olderCas } });
});

t.test("while nothing is due, the next look is when something is", async (t) => {
  const change = nextChange({ ...whole, faults: [] }, situation());
  const until = change.kind === "none" ? change.until : Number.NaN;
  t.ok(Math.abs(until - (NOW + (10 * HOUR * 2) / 3)) < 2_000);
  t.not(nextChange({ ...whole, faults: [] }, situation({ now: until })).kind, "none");
});

t.test("the old CA signs once more before its key is forgotten", async (t) => {
  const change = nextChange({ ...whole, faults: [] }, situation({ now: NOW + 7 * HOUR }));
  t.equal(change.kind, "announce");
  const next = change.kind === "none" ? whole : change.next;
  t.ok(next.serving.certificate.verify(whole.ca.certificate.publicKey));
  t.not(next.serving.certificate.fingerprint256, whole.serving.certificate.fingerprint256);
  t.same(next.olderCas.map(String), [whole.ca.certificate, ...whole.olderCas].map(String));
  t.notOk(encodeCertificates(next)["ca.key"].includes(pemOf(whole.ca.key)));
});

t.test("a text is read as the API server reads it", async (t) => {
  const [first = "", second = ""] = [ca, older].map(({ certificate }) => certificate.toString());
  const readable: readonly (readonly [text: string, count: number])[] = [
    [first + second, 2],
    [`a comment\n${first}another\n\n${second}`, 2],
    [(first + second).replaceAll("\n", "\r\n"), 2],
    [(first + second).replaceAll("-----\n", "-----  \n"), 2],
    [first.trimEnd(), 1],
    [first.trimEnd() + second, 0],
    [first + second.trimEnd() + first, 1],
    [`  ${first}`, 0],
    [`${first.trimEnd()} and more`, 0],
    ["no certificate", 0],
  ];
  for (const [text, count] of readable) t.equal(certificatesIn(text).length, count, JSON.stringify(text).slice(0, 40));
  t.equal(isTrusted(first.trimEnd() + second, [ca.certificate]), false, "so it is written anew");
});

t.test("a bundle is changed only when it has to be", async (t) => {
  const cas = [ca.certificate, older.certificate];
  const bundle = cas.map(String).join("");
  t.equal(wantedBundle(bundle, cas, () => true), undefined);
  t.equal(wantedBundle(`# a comment\n${cas.toReversed().map(String).join("\n\n")}`, cas, () => true), undefined, "order and white space are nobody's business");
  t.same(certificatesIn(wantedBundle(older.certificate.toString(), cas, () => true) ?? "").map(String), cas.map(String));
  const foreign = other.certificate.toString();
  t.equal(wantedBundle(bundle + foreign, cas, () => true), undefined);
  t.equal(wantedBundle(bundle + foreign, cas, () => false), bundle);
  t.ok(isTrusted(wantedBundle(foreign, cas, () => true) ?? "", [...cas, other.certificate]));
});
