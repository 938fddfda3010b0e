import t from "tap";
import { matchesGlob, parseGlob } from "../../src/image/glob.ts";
import { parseReference } from "../../src/image/reference.ts";
import { Findings } from "../../src/import/finding.ts";
import { connaisseurGlob, kyvernoGlob, sigstoreGlob } from "../../src/import/pattern.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const NAMES = ["ghcr.io/acme/app", "ghcr.io/acme/app-web", "ghcr.io/acme/team/app", "ghcr.io/acme/web-x-prod", "ghcr.io/acme/web-x", "ghcr.io/other/app", "reg.example.com/acme/app", "reg.example.com:5000/acme/app", "evilghcr.io/acme/app", "docker.io/acme/app", "docker.io/library/nginx", "docker.io/nginxinc/app"];
const TARGETS = [":v1", ":v2", ":1-prod", ":latest", `@${DIGEST}`];
const IMAGES = NAMES.flatMap((name) => TARGETS.map((target) => name + target));

/** What a tool says of an image by its own rules: a pattern of it as an expression. */
function expression(pattern: string, stars: Readonly<Record<string, string>>): RegExp {
  const parts = pattern.split(/(\*\*?)/).map((part) => stars[part] ?? part.replace(/[.]/g, "\\."));
  return new RegExp(`^${parts.join("")}$`);
}

const ANY = { "*": ".*", "**": ".*" };
// As each of them writes an image of Docker Hub.
const INDEX = (image: string): string => image.replace(/^docker\.io/, "index.docker.io");
const KYVERNO = (image: string): string => image.replace(/^docker\.io\/library\//, "docker.io/");

type Convert = typeof kyvernoGlob;

/** The images that the source's pattern is for, and those that ours is for. */
function compare(convert: Convert, pattern: string, source: (image: string) => boolean) {
  const findings = new Findings();
  const glob = parseGlob(convert(pattern, ["glob"], findings));
  const ours = (image: string): boolean => matchesGlob(glob, parseReference(image));
  const effects = findings.all.map(({ effect }) => effect);
  return { effects, lost: IMAGES.filter((image) => source(image) && !ours(image)), gained: IMAGES.filter((image) => !source(image) && ours(image)) };
}

t.test("Kyverno: whatever a pattern is for is governed", async (t) => {
  const patterns = ["*", "ghcr.io/acme/*", "ghcr.io/acme/app", "ghcr.io/acme/app:*", "ghcr.io/acme/app*", "ghcr.io/acme/app:v1*", "ghcr.io/acme/app:v*", "ghcr.io/acme/web-*-prod", "ghcr.io/*/app:*", "ghcr*/app:*", "*prod*", "reg*", "*.io/acme/*", "reg.example.com:5000/*:v1", "docker.io/nginx*", "docker.io/*", "docker.io/nginx:*", "ghcr.io/acme/a*p:*", "*/acme/app:v1"];
  for (const pattern of patterns) {
    const { effects, lost } = compare(kyvernoGlob, pattern, (image) => expression(pattern, ANY).test(KYVERNO(image)));
    t.same(lost, [], pattern);
    t.notOk(effects.includes("looser"), pattern);
  }
  const unknown = new Findings();
  kyvernoGlob("ghcr.io/acme/ap?", ["glob"], unknown);
  t.match(unknown.all, [{ path: "glob", effect: "looser" }]);
  t.same(compare(kyvernoGlob, "ghcr.io/acme/app:v1", () => false).effects, ["stricter"], "more is governed than was");
  t.same(compare(kyvernoGlob, "ghcr.io/acme/*:*", () => false).effects, [], "what is the same needs no word");
});

t.test("Connaisseur: the same images, or it is said", async (t) => {
  const wrapped = (pattern: string): string => `${pattern.startsWith("*") ? "" : "*"}${pattern}${pattern.endsWith("*") ? "" : "*"}`;
  const same = ["*:*", "*", "ghcr.io/acme/*:*", "ghcr.io/acme/*", "ghcr.io/acme/", "ghcr.io/acme/app", "ghcr.io/acme/app*:*", "acme/app", "acme/*", "*/acme/*:*", "docker.io/library/*:*", "index.docker.io/library/*", "reg.example.com:5000/*:*", "ghcr.io/*/app"];
  for (const pattern of same) {
    const { effects, lost, gained } = compare(connaisseurGlob, pattern, (image) => expression(wrapped(pattern), ANY).test(INDEX(image)));
    t.same([lost, gained], [[], []], pattern);
    t.notOk(effects.includes("looser"), pattern);
  }
  for (const pattern of ["ghcr.io/acme/app:v1", "ghcr.io/acme/app:v*", "ghcr.io/acme/web-*-prod", "nginx", "ghcr.io:443/acme/*", "registry-1.docker.io/acme/*"]) {
    t.ok(compare(connaisseurGlob, pattern, () => false).effects.includes("looser"), pattern);
  }
});

t.test("sigstore: whatever a glob is for is governed, or it is said", async (t) => {
  const stars = { "*": "[^/]*", "**": ".*" };
  const covered = ["**", "ghcr.io/acme/**", "ghcr.io/acme/*", "ghcr.io/acme/app*", "ghcr.io/acme/app:*", "ghcr.io/*/app*", "*.io/acme/**", "index.docker.io/library/*", "index.docker.io/**", "**/app**", "reg.example.com:5000/**"];
  for (const glob of covered) {
    const { effects, lost } = compare(sigstoreGlob, glob, (image) => expression(glob, stars).test(INDEX(image)));
    t.same(lost, [], glob);
    t.notOk(effects.includes("looser"), glob);
  }
  for (const [glob, full] of [["*", "index.docker.io/library/*"], ["*/*", "index.docker.io/*/*"]] as const) {
    t.same(compare(sigstoreGlob, glob, (image) => expression(full, stars).test(INDEX(image))), { effects: [], lost: [], gained: [] }, `${glob} is Docker Hub's`);
  }
  for (const glob of ["ghcr.io/acme/app:v1", "ghcr.io/acme/app:v*", "ghcr.io/acme/*-prod", "*/acme/**", "ghcr*/acme/**"]) {
    t.ok(compare(sigstoreGlob, glob, () => false).effects.includes("looser"), glob);
  }
});
