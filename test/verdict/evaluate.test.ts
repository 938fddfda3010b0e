import t from "tap";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { INDEX_RULES, type IndexRule, type PlatformManifest } from "../../src/image/index.ts";
import type { Candidate, UnreadableReason } from "../../src/signature/candidate.ts";
import { verdictOnFailure } from "../../src/verdict/evaluate.ts";
import { type Evidence, IMAGE_SOURCE, type Known, lookKey } from "../../src/verdict/evidence.ts";
import { RefusedError, UndeterminedError } from "../../src/verdict/failure.ts";
import type { ImageTree } from "../../src/verdict/index-rule.ts";
import { SignedAssessment } from "../../src/verdict/signed.ts";
import type { Verdict } from "../../src/verdict/verdict.ts";

const digest = (name: string): Digest => computeDigest("sha256", Buffer.from(name));
const TOP = digest("index");
const AMD = digest("amd64");
const ARM = digest("arm64");
const NESTED = digest("nested index");
const SHOP = { host: "harbor.example.com", path: "shop/web" };
const HOME = { repository: SHOP, signatures: undefined };

/** What a location held for a subject: a state a word, so that tables stay readable. */
type State = "signed" | "bare" | "other" | "attested" | "down" | "full" | UnreadableReason;

function evidenceOf(subject: Digest, ...states: readonly State[]): Evidence {
  const document = { kind: "simple-signing", id: "", payload: Buffer.alloc(0), annotations: new Map<string, string>() } as const;
  const candidate = (claim: Candidate["claim"], layout: Candidate["layout"] = "bundle"): Candidate => ({ digest: digest("accessory"), layout, location: "referrers", claim });
  const candidates = states.flatMap((state): Candidate[] => {
    switch (state) {
      case "signed":
        return [candidate({ kind: "claims", digests: [digest("unrelated"), subject], document })];
      case "other":
        return [candidate({ kind: "claims", digests: [digest("unrelated")], document })];
      case "attested":
        return [candidate({ kind: "instead" }, "attestation")];
      case "bare":
      case "down":
      case "full":
        return [];
      default:
        return [candidate({ kind: "unreadable", reason: state })];
    }
  });
  return {
    subject,
    candidates,
    failed: states.includes("down") ? [{ location: "referrers", reason: "RegistryUnavailable", message: "harbor.example.com answered 503" }] : [],
    exhausted: states.includes("full") ? ["referrers"] : [],
  };
}

const known = (entries: readonly (readonly [Digest, State])[]): ReadonlyMap<Digest, Evidence> =>
  new Map(entries.map(([subject, state]) => [subject, evidenceOf(subject, state)]));

const platform = (name: string, of: Digest, path: readonly Digest[] = [TOP]): PlatformManifest => ({ platform: name, digest: of, path });
const MULTI: ImageTree = { kind: "index", digest: TOP, platforms: [platform("linux/amd64", AMD), platform("linux/arm64", ARM)] };
const SINGLE: ImageTree = { kind: "manifest", digest: AMD };

/** The subjects that a rule asks about next. */
const missingSubjects = (rule: IndexRule, tree: ImageTree, map: ReadonlyMap<Digest, Evidence>): readonly Digest[] =>
  new SignedAssessment(rule, HOME).missing(tree, byLook(map)).map(({ subject }) => subject);

function byLook(map: ReadonlyMap<Digest, Evidence>): Known {
  return new Map([...map].map(([subject, evidence]) => [lookKey({ subject, sought: "signatures", source: IMAGE_SOURCE }), evidence]));
}

const judge = (rule: IndexRule, tree: ImageTree, map: ReadonlyMap<Digest, Evidence>): Verdict => new SignedAssessment(rule, HOME).evaluate(tree, byLook(map)).verdict;

t.test("one manifest, by what was found for it", async (t) => {
  const rows: readonly (readonly [readonly State[], Verdict["kind"], Verdict["reason"]])[] = [
    [["signed"], "trusted", "Signed"],
    [["other", "Malformed", "signed", "attested"], "trusted", "Signed"],
    [["down", "signed"], "trusted", "Signed"],
    [["full", "signed"], "trusted", "Signed"],
    [["bare"], "untrusted", "Unsigned"],
    [["attested"], "untrusted", "Unsigned"],
    [["other"], "untrusted", "ClaimMismatch"],
    [["other", "Malformed"], "untrusted", "ClaimMismatch"],
    [["Malformed"], "untrusted", "Malformed"],
    [["attested", "BlockedByRegistry"], "untrusted", "BlockedByRegistry"],
    [["DigestMismatch"], "untrusted", "DigestMismatch"],
    [["TooLarge"], "untrusted", "TooLarge"],
    [["full", "other"], "untrusted", "TooLarge"],
    [["down"], "undetermined", "RegistryUnavailable"],
    [["down", "other"], "undetermined", "RegistryUnavailable"],
    [["down", "full"], "undetermined", "RegistryUnavailable"],
  ];
  for (const [states, kind, reason] of rows) {
    for (const rule of INDEX_RULES) {
      const verdict = judge(rule, SINGLE, new Map([[AMD, evidenceOf(AMD, ...states)]]));
      t.same([verdict.kind, verdict.reason], [kind, reason], `${states.join(" + ")} under ${rule}`);
    }
  }
});

t.test("an index, by rule", async (t) => {
  type Row = readonly [index: State, amd: State, arm: State, byRule: Readonly<Record<IndexRule, string>>];
  const rows: readonly Row[] = [
    ["signed", "signed", "signed", { both: "Signed", covered: "Signed", index: "Signed", children: "Signed" }],
    ["signed", "bare", "bare", { both: "PlatformUnsigned", covered: "Signed", index: "Signed", children: "Unsigned" }],
    ["bare", "signed", "signed", { both: "PlatformUnsigned", covered: "Signed", index: "Unsigned", children: "Signed" }],
    ["signed", "signed", "bare", { both: "PlatformUnsigned", covered: "Signed", index: "Signed", children: "PlatformUnsigned" }],
    ["bare", "signed", "bare", { both: "PlatformUnsigned", covered: "PlatformUnsigned", index: "Unsigned", children: "PlatformUnsigned" }],
    ["bare", "bare", "bare", { both: "Unsigned", covered: "Unsigned", index: "Unsigned", children: "Unsigned" }],
    ["attested", "bare", "attested", { both: "Unsigned", covered: "Unsigned", index: "Unsigned", children: "Unsigned" }],
    ["other", "bare", "bare", { both: "ClaimMismatch", covered: "PlatformUnsigned", index: "ClaimMismatch", children: "Unsigned" }],
    ["down", "signed", "signed", { both: "RegistryUnavailable", covered: "Signed", index: "RegistryUnavailable", children: "Signed" }],
    ["down", "signed", "bare", { both: "PlatformUnsigned", covered: "RegistryUnavailable", index: "RegistryUnavailable", children: "PlatformUnsigned" }],
    ["bare", "down", "bare", { both: "PlatformUnsigned", covered: "PlatformUnsigned", index: "Unsigned", children: "PlatformUnsigned" }],
    ["signed", "down", "down", { both: "RegistryUnavailable", covered: "Signed", index: "Signed", children: "RegistryUnavailable" }],
  ];
  for (const [index, amd, arm, byRule] of rows) {
    for (const rule of INDEX_RULES) {
      const map = evidenceFor(rule, { [TOP]: index, [AMD]: amd, [ARM]: arm });
      t.equal(judge(rule, MULTI, map).reason, byRule[rule], `index ${index}, amd64 ${amd}, arm64 ${arm} under ${rule}`);
    }
  }

  /** Only what the rule asks for is looked up, as the inspection does it. */
  function evidenceFor(rule: IndexRule, states: Readonly<Record<string, State>>): ReadonlyMap<Digest, Evidence> {
    const map = new Map<Digest, Evidence>();
    for (let missing = missingSubjects(rule, MULTI, map); missing.length > 0; missing = missingSubjects(rule, MULTI, map)) {
      for (const subject of missing) map.set(subject, evidenceOf(subject, states[subject] ?? "bare"));
    }
    return map;
  }
});

t.test("the verdict names the first part that failed, and how many more", async (t) => {
  const verdict = judge("both", MULTI, known([[TOP, "signed"], [AMD, "bare"], [ARM, "bare"]]));
  t.match(verdict, { reason: "PlatformUnsigned", part: { name: "linux/amd64", digest: AMD, more: 1 }, detail: `no cosign signature on ${AMD}` });
  const definite = judge("both", MULTI, known([[TOP, "down"], [AMD, "signed"], [ARM, "bare"]]));
  t.match(definite, { kind: "untrusted", part: { name: "linux/arm64", digest: ARM, more: 1 } }, "a definite failure beats an undetermined one");
  t.match(judge("both", MULTI, known([[TOP, "bare"], [AMD, "signed"], [ARM, "signed"]])), { part: { name: "the index", digest: TOP, more: 0 } });
  t.match(judge("both", SINGLE, known([[AMD, "bare"]])), { part: undefined });
});

t.test("what is said is what to do", async (t) => {
  const both = judge("both", MULTI, known([[TOP, "bare"], [AMD, "bare"], [ARM, "bare"]]));
  t.match(both, { remedy: `Sign it with \`cosign sign --recursive harbor.example.com/shop/web@${TOP}\`.` });
  const covered = judge("covered", MULTI, known([[TOP, "bare"], [AMD, "bare"], [ARM, "bare"]]));
  t.match(covered, { remedy: `Sign it with \`cosign sign harbor.example.com/shop/web@${TOP}\`.` });
  t.match(judge("both", SINGLE, known([[AMD, "attested"]])), { detail: `no cosign signature on ${AMD} (found instead: an attestation)` });
  t.match(judge("both", SINGLE, known([[AMD, "other"]])), { detail: new RegExp(`attached to ${AMD} were made for ${digest("unrelated")}`) });
  t.match(judge("both", SINGLE, known([[AMD, "BlockedByRegistry"]])), { detail: /exists, but the registry's own policy does not hand it out/ });
});

t.test("which subjects are asked about, and when", async (t) => {
  const none = new Map<Digest, Evidence>();
  t.same(missingSubjects("both", MULTI, none), [TOP, AMD, ARM]);
  t.same(missingSubjects("index", MULTI, none), [TOP]);
  t.same(missingSubjects("children", MULTI, none), [AMD, ARM]);
  t.same(missingSubjects("covered", MULTI, none), [TOP], "the platforms only if the index has no claim");
  t.same(missingSubjects("covered", MULTI, known([[TOP, "signed"]])), []);
  t.same(missingSubjects("covered", MULTI, known([[TOP, "bare"]])), [AMD, ARM]);
  t.same(missingSubjects("both", SINGLE, none), [AMD]);
  t.same(missingSubjects("both", SINGLE, known([[AMD, "bare"]])), []);
});

t.test("a nested index covers its own platforms alone", async (t) => {
  const nested: ImageTree = { kind: "index", digest: TOP, platforms: [platform("linux/amd64", AMD, [TOP, NESTED]), platform("linux/arm64", ARM)] };
  t.same(missingSubjects("covered", nested, known([[TOP, "bare"]])), [NESTED, AMD, ARM]);
  t.equal(judge("covered", nested, known([[TOP, "bare"], [NESTED, "signed"], [AMD, "bare"], [ARM, "signed"]])).reason, "Signed");
  t.match(judge("covered", nested, known([[TOP, "bare"], [NESTED, "signed"], [AMD, "bare"], [ARM, "bare"]])), { reason: "PlatformUnsigned", part: { digest: ARM } });
  t.equal(judge("both", nested, known([[TOP, "signed"], [NESTED, "signed"], [AMD, "bare"], [ARM, "signed"]])).reason, "PlatformUnsigned");
});

t.test("a part that nobody looked at is never a pass", async (t) => {
  for (const rule of INDEX_RULES) t.match(judge(rule, MULTI, new Map()), { kind: "undetermined", reason: "InternalError" }, rule);
});

t.test("a look-up that ended early is a verdict of its own kind", async (t) => {
  t.match(verdictOnFailure(new RefusedError("ImageNotFound", "no such manifest"), SHOP), { kind: "untrusted", reason: "ImageNotFound", detail: "no such manifest" });
  t.match(verdictOnFailure(new UndeterminedError("Unauthorized", "401"), SHOP), { kind: "undetermined", reason: "Unauthorized", remedy: /imagePullSecret for harbor\.example\.com/ });
});
