import t from "tap";
import { parseReference, type Repository } from "../../src/image/reference.ts";
import type { Credential } from "../../src/inspection/credential.ts";
import { DockerConfigError, parseDockercfg, parseDockerConfigJson } from "../../src/inspection/docker-config.ts";
import { combineKeyrings, EMPTY_KEYRING, type Keyring, keyringOf, limitKeyring } from "../../src/inspection/keyring.ts";

const SECRET = "hunter2-is-secret";

function login(username: string): Credential {
  return { kind: "password", username, password: SECRET };
}

/** A keyring whose user names are its locations. */
function keyring(...locations: string[]): Keyring {
  return keyringOf(locations.map((location) => ({ location, credential: login(location) })));
}

function repository(text: string): Repository {
  return parseReference(text).repository;
}

function found(ring: Keyring, image: string): string[] {
  return ring.credentialsFor(repository(image)).map((credential) => (credential.kind === "password" ? credential.username : credential.kind));
}

t.test("a location matches as the kubelet matches it", (t) => {
  const cases: [location: string, image: string, matches: boolean][] = [
    ["harbor.example.com", "harbor.example.com/shop/web", true],
    ["https://harbor.example.com", "harbor.example.com/shop/web", true],
    ["http://harbor.example.com/", "harbor.example.com/shop/web", true],
    ["https://harbor.example.com/v1/", "harbor.example.com/shop/web", true],
    ["https://harbor.example.com/v2/", "harbor.example.com/shop/web", true],
    ["https://harbor.example.com/v2/shop", "harbor.example.com/shop/web", true],
    ["https://user:pass@harbor.example.com", "harbor.example.com/shop/web", true],
    ["Harbor.Example.com", "harbor.example.com/shop/web", true],
    ["harbor.example.com", "harbor.example.com.evil.io/shop/web", false],
    ["harbor.example.com", "evil.io/harbor.example.com/web", false],
    ["example.com", "harbor.example.com/shop/web", false],
    ["harbor.example.com/shop", "harbor.example.com/shop/web", true],
    ["harbor.example.com/shop/web", "harbor.example.com/shop/web", true],
    // A plain prefix, as in the kubelet: no path segment is looked at.
    ["harbor.example.com/shop", "harbor.example.com/shopping/web", true],
    ["harbor.example.com/shop/", "harbor.example.com/shopping/web", false],
    ["harbor.example.com/shop/web", "harbor.example.com/shop/api", false],
    ["harbor.example.com:5000", "harbor.example.com:5000/shop/web", true],
    ["harbor.example.com:5000", "harbor.example.com/shop/web", false],
    ["harbor.example.com", "harbor.example.com:5000/shop/web", false],
    ["harbor.example.com:443", "harbor.example.com/shop/web", true],
    ["harbor.example.com:8443", "harbor.example.com/shop/web", false],
    ["*.example.com", "harbor.example.com/shop/web", true],
    ["*.example.com", "example.com/shop/web", false],
    ["*.example.com", "eu.harbor.example.com/shop/web", false],
    ["*.*.example.com", "eu.harbor.example.com/shop/web", true],
    ["harbor.*.com", "harbor.example.com/shop/web", true],
    ["harbor.example.*", "harbor.example.com/shop/web", true],
    ["*-eu.example.com", "harbor-eu.example.com/shop/web", true],
    ["*-eu.example.com", "harbor-us.example.com/shop/web", false],
    ["h*b*r.example.com", "harbor.example.com/shop/web", true],
    ["harb*bor.example.com", "harbor.example.com/shop/web", false],
    ["*", "harbor.example.com/shop/web", false],
    ["*.example.com:5000/shop", "harbor.example.com:5000/shop/web", true],
    ["*.example.com:*", "harbor.example.com:5000/shop/web", false],
    ["[::1]:5000", "[::1]:5000/shop/web", true],
    ["localhost:5000", "localhost:5000/web", true],
    ["", "harbor.example.com/shop/web", false],
    ["https://", "harbor.example.com/shop/web", false],
  ];
  for (const [location, image, matches] of cases) {
    t.same(found(keyring(location), image), matches ? [location] : [], `${location} ${matches ? "opens" : "does not open"} ${image}`);
  }
  t.end();
});

t.test("every name of Docker Hub is docker.io", (t) => {
  const names = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io", "https://docker.io", "https://registry-1.docker.io/v2/"];
  for (const name of names) {
    for (const image of ["nginx", "library/nginx", "docker.io/nginx", "index.docker.io/library/nginx"]) {
      t.same(found(keyring(name), image), [name], `${name} opens ${image}`);
    }
    t.same(found(keyring(name), "quay.io/library/nginx"), []);
  }
  t.same(found(keyring("docker.io/team"), "team/web"), ["docker.io/team"]);
  t.same(found(keyring("docker.io/team"), "nginx"), []);
  t.end();
});

t.test("the longest path comes first, equal locations in the given order", (t) => {
  const ring = keyringOf([
    { location: "harbor.example.com", credential: login("host") },
    { location: "harbor.example.com/shop/web", credential: login("repository") },
    { location: "*.example.com/shop", credential: login("glob") },
    { location: "harbor.example.com/shop", credential: login("project") },
    { location: "https://harbor.example.com/shop", credential: login("project, again") },
    { location: "quay.io", credential: login("other") },
  ]);
  t.same(found(ring, "harbor.example.com/shop/web"), ["repository", "project", "project, again", "host", "glob"]);
  t.same(found(ring, "harbor.example.com/shop/api"), ["project", "project, again", "host", "glob"]);
  t.same(found(ring, "harbor.example.com/lab/x"), ["host"]);
  t.same(found(ring, "ghcr.io/x/y"), []);
  t.end();
});

t.test("keyrings are gone through one after another, and can be limited", (t) => {
  const ring = combineKeyrings([keyring("harbor.example.com"), EMPTY_KEYRING, keyring("harbor.example.com/shop", "quay.io")]);
  t.same(found(ring, "harbor.example.com/shop/web"), ["harbor.example.com", "harbor.example.com/shop"]);
  const limited = limitKeyring(ring, ({ path }) => path.startsWith("shop/"));
  t.same(found(limited, "harbor.example.com/shop/web"), ["harbor.example.com", "harbor.example.com/shop"]);
  t.same(found(limited, "harbor.example.com/lab/x"), []);
  t.end();
});

function bytes(document: unknown): Uint8Array {
  return Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

t.test("the kinds of credentials in a docker config", (t) => {
  const token: Credential = { kind: "identity-token", token: SECRET };
  const cases: [entry: unknown, credential: Credential | undefined][] = [
    [{ auth: base64(`robot$shop+gate:${SECRET}`) }, login("robot$shop+gate")],
    [{ auth: base64(`robot:${SECRET}`).replace(/=+$/, "") }, login("robot")],
    [{ auth: ` ${base64(`robot:${SECRET}`)}\n` }, login("robot")],
    [{ auth: base64("robot:with:colons") }, { kind: "password", username: "robot", password: "with:colons" }],
    [{ auth: base64("robot:pässword") }, { kind: "password", username: "robot", password: "pässword" }],
    [{ username: "robot", password: SECRET }, login("robot")],
    [{ auth: base64(`robot:${SECRET}`), username: "other", password: "other" }, login("robot")],
    [{ auth: "", username: "robot", password: SECRET }, login("robot")],
    [{ auth: base64(`<token>:${SECRET}`), identitytoken: SECRET }, token],
    [{ identitytoken: SECRET, email: "a@b" }, token],
    [{}, undefined],
    [null, undefined],
    [{ email: "a@b" }, undefined],
  ];
  for (const [entry, credential] of cases) {
    const entries = credential === undefined ? [] : [{ location: "harbor.example.com", credential }];
    t.same(parseDockerConfigJson(bytes({ auths: { "harbor.example.com": entry } })).entries, entries, JSON.stringify(entry));
    t.same(parseDockercfg(bytes({ "harbor.example.com": entry })).entries, entries);
  }
  t.same(parseDockerConfigJson(bytes({})).entries, []);
  t.same(parseDockerConfigJson(bytes({ auths: null, HttpHeaders: {} })).entries, []);
  t.same(parseDockerConfigJson(bytes('{"auths":{"__proto__":{"username":"a","password":"b"}}}')).entries.map(({ location }) => location), ["__proto__"]);
  t.end();
});

t.test("credentials kept by helper programs are said to be missing", (t) => {
  const config = parseDockerConfigJson(bytes({ auths: { "https://index.docker.io/v1/": {} }, credsStore: "desktop", credHelpers: { "gcr.io": "gcloud" } }));
  t.same(config.entries, []);
  t.match(config.warnings, [/credsStore is not supported/, /credHelpers is not supported/]);
  t.same(parseDockerConfigJson(bytes({ auths: {}, credHelpers: {}, credsStore: "" })).warnings, []);
  t.end();
});

t.test("a malformed docker config says what is wrong, and never the secret", (t) => {
  const json: [document: unknown, code: string, message: RegExp][] = [
    [`{"auths": {"harbor.example.com": {"password": "${SECRET}"`, "NotJson", /is not JSON/],
    [Buffer.from([0xff, 0xfe]).toString("latin1"), "NotJson", /is not JSON/],
    [SECRET, "NotJson", /is not JSON/],
    [[SECRET], "NotAnObject", /is not a JSON object/],
    [{ auths: [SECRET] }, "BadAuths", /^auths is not an object/],
    [{ auths: SECRET }, "BadAuths", /^auths is not an object/],
    [{ auths: { "a.b": SECRET } }, "BadEntry", /^auths\["a\.b"\] is not an object/],
    [{ auths: { "a.b": { password: [SECRET] } } }, "BadEntry", /^auths\["a\.b"\]\.password is not a text/],
    [{ auths: { "a.b": { auth: 1 } } }, "BadEntry", /^auths\["a\.b"\]\.auth is not a text/],
    [{ auths: { "a.b": { auth: `${SECRET}:${SECRET}` } } }, "BadAuth", /^auths\["a\.b"\]\.auth is not user:password/],
    [{ auths: { "a.b": { auth: base64(SECRET) } } }, "BadAuth", /^auths\["a\.b"\]\.auth is not user:password/],
    [{ auths: { [`https://u:${SECRET}@a.b`]: { auth: "?" } } }, "BadAuth", /^auths\["a\.b"\]\.auth is not user:password/],
  ];
  for (const [document, code, message] of json) {
    const error = thrown(() => parseDockerConfigJson(bytes(document)));
    t.equal(error.code, code);
    t.match(error.message, message);
    t.notMatch(`${error.message} ${error.stack ?? ""} ${String(error.cause)}`, SECRET);
  }
  t.match(thrown(() => parseDockercfg(bytes({ "a.b": { auth: "?" } }))).message, /^the document\["a\.b"\]\.auth/);
  t.end();
});

function thrown(work: () => unknown): DockerConfigError {
  try {
    work();
  } catch (error) {
    if (error instanceof DockerConfigError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
