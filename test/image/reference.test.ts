import * as fc from "fast-check";
import t from "tap";
import { canonicalHost, parseReference, pinned, type Reference, ReferenceError, repositoryName } from "../../src/image/reference.ts";
import { parseDigest } from "../../src/image/digest.ts";
import { referenceCorpus } from "../helpers/references.ts";

const corpus = referenceCorpus();

t.test("well-formed references are read as distribution reads them", (t) => {
  for (const { text, host, path, tag, digest } of corpus.valid) {
    const target = digest === undefined ? { kind: "tag", tag } : { kind: "digest", digest, tag };
    t.strictSame(parseReference(text), { text, repository: { host, path }, target }, text.slice(0, 80));
  }
  t.end();
});

t.test("malformed references are refused, each with its reason", (t) => {
  for (const { text, code } of corpus.malformed) {
    t.equal(codeOf(text), code, JSON.stringify(text.slice(0, 80)));
  }
  t.end();
});

t.test("every reason to refuse a reference is in the corpus", (t) => {
  const codes = [...new Set(corpus.malformed.map(({ code }) => code))].sort();
  t.strictSame(codes, ["BadDigest", "BadHost", "BadRepository", "BadTag", "BareDigest", "Empty", "TooLong", "UpperCase"]);
  t.end();
});

t.test("a message shows what was wrong, and no character that could change a terminal or a log", (t) => {
  t.match(messageOf("shop/Web"), /"shop\/Web" has upper-case letters/);
  t.match(messageOf("web@sha256:12"), /"sha256:12" is not sha256: or sha512:/);
  t.match(messageOf("registry.example.com:http/web"), /port in "registry.example.com:http"/);
  const shown = /^[ -~]*$/;
  for (const { text } of corpus.malformed) t.match(messageOf(text), shown, JSON.stringify(text.slice(0, 80)));
  t.match(messageOf("web\u009b31m\n\r\u2028"), shown);
  t.ok(messageOf(`web:${"x".repeat(900)}`).length < 400, "a long text is cut");
  t.end();
});

t.test("one registry has one spelling", (t) => {
  for (const host of ["docker.io", "index.docker.io", "registry-1.docker.io", "Index.Docker.IO"]) t.equal(canonicalHost(host), "docker.io");
  t.equal(canonicalHost("Registry.Example.com:5000"), "registry.example.com:5000");
  for (const host of ["quay.io:443", "Quay.io:00443", "quay.io"]) t.equal(canonicalHost(host), "quay.io");
  t.equal(canonicalHost("quay.io:08443"), "quay.io:8443");
  t.equal(canonicalHost("[::1]:443"), "[::1]");
  t.equal(canonicalHost("[2001:db8::443]"), "[2001:db8::443]", "an address has no port");
  t.equal(canonicalHost("docker.io:443"), "docker.io");
  t.equal(canonicalHost("index.docker.io.evil.example"), "index.docker.io.evil.example");
  t.end();
});

t.test("names are written without defaults left out", (t) => {
  const { repository } = parseReference("nginx");
  t.equal(repositoryName(repository), "docker.io/library/nginx");
  const digest = parseDigest(`sha256:${"0".repeat(64)}`);
  if (digest === undefined) throw new Error("not a digest");
  t.equal(pinned(repository, digest), `docker.io/library/nginx@${digest}`);
  t.end();
});

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const component = fc.array(word, { minLength: 1, maxLength: 3 }).chain((words) => fc.constantFrom(".", "_", "__", "-", "--").map((separator) => words.join(separator)));
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const host = fc.oneof(
  fc.array(word, { minLength: 2, maxLength: 3 }).map((labels) => labels.join(".")),
  fc.tuple(word, fc.nat(65535)).map(([name, port]) => `${name}:${port}`),
  fc.constantFrom("localhost", "[::1]:5000", "docker.io"),
);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}$/);
const digest = fc.oneof(
  fc.stringMatching(/^[a-f0-9]{64}$/).map((hex) => `sha256:${hex}`),
  fc.stringMatching(/^[a-f0-9]{128}$/).map((hex) => `sha512:${hex}`),
);

t.test("what was put together is taken apart again", (t) => {
  fc.assert(
    fc.property(host, path, fc.option(tag, { nil: undefined }), fc.option(digest, { nil: undefined }), (host, path, tag, digest) => {
      const text = `${host}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
      const reference = parseReference(text);
      t.equal(reference.repository.host, host);
      t.equal(reference.repository.path, host === "docker.io" && !path.includes("/") ? `library/${path}` : path);
      t.equal(reference.target.tag, tag ?? (digest === undefined ? "latest" : undefined));
      t.equal(reference.target.kind === "digest" ? reference.target.digest : undefined, digest);
      t.strictSame(withoutText(parseReference(written(reference))), withoutText(reference), "writing it out changes nothing");
    }),
  );
  t.end();
});

t.test("whatever the text, there is a reference or a ReferenceError", (t) => {
  const piece = fc.oneof(fc.constantFrom("/", ":", "@", ".", "[", "]", "sha256:", "docker.io", "%2f", "\u0000", "\u212a", "A"), word, digest, fc.string({ unit: "binary", maxLength: 5 }));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""))), (text) => {
      const parsed = attempt(text);
      if (parsed instanceof ReferenceError) return;
      t.match(repositoryName(parsed.repository), /^[a-z0-9.:[\]-]+\/[a-z0-9._/-]+$/, "nothing that could change a URL gets through");
    }),
    { numRuns: 2000 },
  );
  t.end();
});

// Each text would keep a backtracking matcher busy for longer than anybody waits, were the grammar ambiguous.
t.test("repetitions that would trap a backtracking matcher are answered", (t) => {
  for (const piece of ["a", "-", "_", "a-", "a_", "a__", "a.", "a/", "A", "1:", "[:", "a--"]) {
    for (const end of ["!", "", "/!", ":!", "@!"]) {
      const text = piece.repeat(Math.floor(1020 / piece.length)) + end;
      t.ok(attempt(text), `${piece} over and over, then ${JSON.stringify(end)}`);
    }
  }
  t.end();
});

function attempt(text: string): Reference | ReferenceError {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ReferenceError) return error;
    throw error;
  }
}

function codeOf(text: string): string {
  const parsed = attempt(text);
  return parsed instanceof ReferenceError ? parsed.code : `accepted as ${repositoryName(parsed.repository)}`;
}

function messageOf(text: string): string {
  const parsed = attempt(text);
  return parsed instanceof ReferenceError ? parsed.message : "accepted";
}

function written({ repository, target }: Reference): string {
  const tag = target.tag === undefined ? "" : `:${target.tag}`;
  return `${repositoryName(repository)}${tag}${target.kind === "digest" ? `@${target.digest}` : ""}`;
}

function withoutText({ repository, target }: Reference): Omit<Reference, "text"> {
  return { repository, target };
}
