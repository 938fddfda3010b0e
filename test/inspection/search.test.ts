import t from "tap";
import { computeDigest } from "../../src/image/digest.ts";
import { ANONYMOUS } from "../../src/inspection/credential.ts";
import { ImageVerifier } from "../../src/inspection/image-verifier.ts";
import type { Locator } from "../../src/inspection/ports.ts";
import { Search } from "../../src/inspection/search.ts";
import type { Source } from "../../src/trust/authority.ts";
import type { Assessment } from "../../src/verdict/evaluate.ts";
import { type FailedLocation, IMAGE_SOURCE, type Look, lookKey } from "../../src/verdict/evidence.ts";
import { UndeterminedError } from "../../src/verdict/failure.ts";
import { UNREMEMBERED } from "../helpers/inspector.ts";

const SUBJECT = computeDigest("sha256", Buffer.from("image"));
const OWN = { host: "harbor.example.com", path: "shop/web" };
const ELSEWHERE: Source = { kind: "repository", repository: { host: "registry.example.com", path: "signatures" }, tagPrefix: "", pullSecrets: undefined };
const DOWN: FailedLocation = { location: "referrers", reason: "RegistryUnavailable", message: "nobody listens there" };

/** The hosts that a search says have failed, in a source that behaves like this. */
async function failedHosts(source: Source, locator: Locator, refusal?: UndeterminedError): Promise<readonly (string | undefined)[]> {
  const look: Look = { subject: SUBJECT, sought: "signatures", source };
  const accesses = async () => {
    if (refusal !== undefined) throw refusal;
    return [{ repository: source.kind === "image" ? OWN : source.repository, credential: ANONYMOUS }];
  };
  const verifier = new ImageVerifier(UNREMEMBERED, { take: async () => undefined });
  const search = new Search({ locator, accesses, call: { deadline: Infinity, signal: new AbortController().signal }, freshness: "kept", verifier });
  const assessment: Assessment = {
    looksAt: () => [look],
    missing: (_tree, known) => (known.has(lookKey(look)) ? [] : [look]),
    evaluate: () => {
      throw new TypeError("not asked for");
    },
  };
  const known = await search.complete(assessment, { kind: "manifest", digest: SUBJECT });
  return [...known.values()].flatMap(({ failed }) => failed.map(({ host }) => host));
}

t.test("a failure in another registry than the image's own is told as that one's", async (t) => {
  const down: Locator = { locate: async () => ({ subject: SUBJECT, candidates: [], failed: [DOWN, DOWN], exhausted: [] }) };
  const gone: Locator = { locate: () => Promise.reject(new UndeterminedError("DeadlineExceeded", "the time is over")) };
  t.same(await failedHosts(IMAGE_SOURCE, down), [undefined, undefined]);
  t.same(await failedHosts(ELSEWHERE, down), ["registry.example.com", "registry.example.com"]);
  t.same(await failedHosts(ELSEWHERE, gone), ["registry.example.com"]);
  t.same(await failedHosts(ELSEWHERE, down, new UndeterminedError("CredentialsUnavailable", "no Secret")), ["registry.example.com"]);
});
