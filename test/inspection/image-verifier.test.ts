import t from "tap";
import { ImageVerifier } from "../../src/inspection/image-verifier.ts";
import type { Turns, Verifications } from "../../src/inspection/ports.ts";
import { decodeSimpleSigning, SIGNATURE_ANNOTATION } from "../../src/signature/cosign.ts";
import type { SignedDocument } from "../../src/signature/candidate.ts";
import type { KeyAuthority } from "../../src/trust/authority.ts";
import { UndeterminedError } from "../../src/verdict/failure.ts";
import { verificationCost } from "../../src/verify/cost.ts";
import { simpleSigningPayload } from "../helpers/cosign.ts";
import { policyOf, specOf } from "../helpers/policies.ts";
import { generateSigningKey, type KeyKind } from "../helpers/signing-key.ts";

const CALL = { deadline: 0, signal: new AbortController().signal };

function authorityOf(kind: KeyKind): KeyAuthority {
  const { state } = policyOf(specOf(generateSigningKey(kind)));
  const authority = state.kind === "ready" ? state.authorities[0] : undefined;
  if (authority?.kind !== "key") throw new TypeError("no authority with a key");
  return authority;
}

function documentOf(signature: string, subject = `sha256:${"a".repeat(64)}`): SignedDocument {
  const claim = decodeSimpleSigning(simpleSigningPayload(subject, "a.b/c"), new Map([[SIGNATURE_ANNOTATION, signature]]));
  if (claim.kind !== "claims") throw new TypeError(claim.kind);
  return claim.document;
}

/** Counts what is verified rather than verifying it: how much there is to do is the question here. */
function setUp(remembered: ReadonlySet<string> = new Set(), turns: Turns = { take: async () => undefined }) {
  const verified: string[] = [];
  const verifications: Verifications = {
    recall: ({ id }) => (remembered.has(id) ? { kind: "rejected", fault: "BadSignature" } : undefined),
    verify: ({ id }) => {
      verified.push(id);
      return { kind: "rejected", fault: "BadSignature" };
    },
  };
  return { verified, verifier: new ImageVerifier(verifications, turns) };
}

/** Asks for all of them again and again until nothing is postponed, as an assessment does, and counts the turns. */
async function verifyAll(verifier: ImageVerifier, documents: readonly SignedDocument[], authority: KeyAuthority) {
  for (let turns = 1; ; turns += 1) {
    const answers = documents.map((document) => verifier.attempt(document, authority));
    if (!(await verifier.goesOn(CALL))) return { turns, answers };
  }
}

t.test("the dearer a key, the fewer verifications there are in a turn and for one image", async (t) => {
  const documents = Array.from({ length: 1100 }, (_, i) => documentOf(String(i)));
  const rows: readonly (readonly [kind: KeyKind, perTurn: number, most: number])[] = [["ecdsa-p256", 50, 1100], ["rsa", 50, 1100], ["ecdsa-p384", 4, 1100], ["ed25519", 3, 1000], ["ecdsa-p521", 2, 556]];
  for (const [kind, perTurn, most] of rows) {
    const { verified, verifier } = setUp();
    const { turns, answers } = await verifyAll(verifier, documents, authorityOf(kind));
    t.equal(verified.length, most, `${kind}: so many at most`);
    t.equal(new Set(verified).size, most, `${kind}: none of them twice`);
    t.equal(turns, Math.ceil(most / perTurn), `${kind}: ${perTurn} a turn`);
    t.same(answers.map((answer) => answer.kind === "rejected" && answer.fault), documents.map((_, i) => (i < most ? "BadSignature" : "NotTried")), kind);
  }
});

t.test("what is remembered costs nothing", async (t) => {
  const documents = Array.from({ length: 1100 }, (_, i) => documentOf(String(i)));
  const { verified, verifier } = setUp(new Set(documents.slice(0, 1090).map(({ id }) => id)));
  t.equal((await verifyAll(verifier, documents, authorityOf("ecdsa-p521"))).turns, 5);
  t.equal(verified.length, 10);
});

t.test("a large payload counts for what it takes to hash it", async (t) => {
  const { payload, ...small } = documentOf("x") as Extract<SignedDocument, { kind: "simple-signing" }>;
  const authority = authorityOf("ecdsa-p256");
  t.equal(verificationCost({ ...small, payload }, authority), 1);
  t.equal(verificationCost({ ...small, payload: Buffer.alloc(1_000_000) }, authority), 21);
});

t.test("a turn that never comes is what speaks", async (t) => {
  const { verifier } = setUp(new Set(), { take: () => Promise.reject(new UndeterminedError("Overloaded", "too much")) });
  await t.rejects(verifyAll(verifier, Array.from({ length: 51 }, (_, i) => documentOf(String(i))), authorityOf("rsa")), { code: "Overloaded" });
});
