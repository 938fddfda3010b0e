// Our parser of references against distribution's own, which container runtimes and the kubelet use.
import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import t from "tap";
import { canonicalHost, parseReference } from "../src/image/reference.ts";
import { referenceCorpus } from "../test/helpers/references.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

/** How distribution reads a text. */
interface Answer {
  readonly host?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly error?: string;
}

interface Reading {
  readonly host: string;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const SEED = 20_261_123;
const GENERATED = 2000;

t.plan(PLANS.references);

const corpus = referenceCorpus();

t.test("the corpus: well-formed references", (t) => {
  const texts = corpus.valid.map(({ text }) => text);
  for (const [i, answer] of ask(texts).entries()) t.strictSame(ours(texts[i]), theirs(answer), `${texts[i]?.slice(0, 80)}`);
  t.end();
});

t.test("the corpus: malformed texts", (t) => {
  const answers = ask(corpus.malformed.map(({ text }) => text));
  for (const [i, { text, distribution }] of corpus.malformed.entries()) {
    t.equal(theirs(answers[i]) === undefined ? "refuses" : "accepts", distribution ?? "refuses", JSON.stringify(text.slice(0, 80)));
    t.equal(ours(text), undefined, "ours refuses");
  }
  t.end();
});

t.test(`${GENERATED} generated texts`, (t) => {
  const texts = fc.sample(generated(), { seed: SEED, numRuns: GENERATED });
  let wellFormed = 0;
  for (const [i, answer] of ask(texts).entries()) {
    const text = texts[i] ?? "";
    const expected = knownStricter(text) ? undefined : theirs(answer);
    if (expected !== undefined) wellFormed += 1;
    t.strictSame(ours(text), expected, JSON.stringify(text));
  }
  t.ok(wellFormed > GENERATED / 10 && wellFormed < (GENERATED * 9) / 10, `${wellFormed} of them are well-formed: both answers are compared`);
  t.end();
});

// Pieces of references, put together rightly and wrongly: random text alone would hardly ever be well-formed.
function generated(): fc.Arbitrary<string> {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[a-f0-9]{${length}}$`));
  const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
  const odd = fc.constantFrom("", "A", "-", "_", "__", "___", ".", "..", "/", "//", ":", "@", "%2f", " ", "\n", "\u0000", "\u212a", "\u0435", "[", "]", "~", "+");
  const name = fc.tuple(word, fc.option(fc.constantFrom("-", "--", "_", "__", "."), { nil: "" }), word).map((parts) => parts.join(""));
  const host = fc.oneof(
    fc.constantFrom("docker.io", "index.docker.io", "registry-1.docker.io", "Docker.io", "localhost", "LOCALHOST", "127.0.0.1", "[::1]", "[2001:db8::1]", "REGISTRY", "x.y"),
    fc.tuple(word, word).map((parts) => parts.join(".")),
    word,
  );
  const port = fc.oneof({ arbitrary: fc.constant(""), weight: 3 }, fc.nat(99_999).map((port) => `:${port}`), fc.constantFrom(":", ":http", ":-1"));
  const tag = fc.oneof({ arbitrary: fc.constant(""), weight: 2 }, fc.stringMatching(/^:[\w.-]{1,12}$/), odd.map((odd) => `:${odd}`));
  const digest = fc.oneof(
    { arbitrary: fc.constant(""), weight: 3 },
    hex(64).map((hex) => `@sha256:${hex}`),
    hex(128).map((hex) => `@sha512:${hex}`),
    fc.tuple(fc.constantFrom("sha256", "sha384", "sha512", "SHA256", "md5", ""), fc.constantFrom(":", "-", ""), hex(64)).map((parts) => `@${parts.join("")}`),
  );
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
  const whole = fc.tuple(host, port, fc.constantFrom("/", "/", "/", ""), path, tag, digest).map((parts) => parts.join(""));
  const spoilt = fc.tuple(whole, odd, fc.nat(1000)).map(([text, odd, at]) => {
    const cut = at % (text.length + 1);
    return text.slice(0, cut) + odd + text.slice(cut);
  });
  return fc.oneof(whole, spoilt, fc.oneof(hex(64), hex(63), fc.string()));
}

/** Where ours is the stricter one on purpose: a registered digest algorithm that nobody uses, and the length of it all. */
function knownStricter(text: string): boolean {
  return /@sha384:[0-9a-f]{96}$/.test(text) || text.length > 1024;
}

function ours(text = ""): Reading | undefined {
  try {
    const { repository, target } = parseReference(text);
    return { ...repository, tag: target.tag, digest: target.kind === "digest" ? target.digest : undefined };
  } catch {
    return undefined;
  }
}

// Hosts are compared by the registry that they mean; every other part to the letter.
function theirs(answer: Answer | undefined): Reading | undefined {
  if (answer?.host === undefined || answer.repository === undefined) return undefined;
  return { host: canonicalHost(answer.host), path: answer.repository, tag: answer.tag, digest: answer.digest };
}

function ask(texts: readonly string[]): readonly Answer[] {
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
  const { stdout, stderr, status } = spawnSync(program("references"), { input, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`references ended with status ${status}: ${stderr}`);
  const answers = stdout.trim().split("\n").map((line) => JSON.parse(line) as Answer);
  if (answers.length !== texts.length) throw new Error(`${answers.length} answers to ${texts.length} questions`);
  return answers;
}
