import t from "tap";
import { type Config, ConfigError, FLAGS, type Flags, parseConfig, registryConfig } from "../src/config.ts";
import { ConfigSchema } from "../src/config/schema.ts";
import { matchesGlob, matchesRepository } from "../src/image/glob.ts";
import { parseReference } from "../src/image/reference.ts";
import type { Node } from "../src/schema/check.ts";

function problems(text: string, flags: Flags = {}): Readonly<Record<string, string>> {
  try {
    parseConfig(text, "pratique.yaml", flags);
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
    throw error;
  }
  return {};
}

t.test("an empty file is the default configuration", async (t) => {
  for (const text of ["", "# nothing\n", "{}"]) {
    const config = parseConfig(text, "pratique.yaml");
    t.match(config, {
      listen: { host: "0.0.0.0", port: 8443 },
      metricsListen: { host: "0.0.0.0", port: 9090 },
      tls: { certFile: "/etc/pratique/tls/tls.crt", keyFile: "/etc/pratique/tls/tls.key", clientCAFile: undefined, managed: undefined },
      defaults: { enforce: "none", warn: "none", audit: "none", index: "both", onOutage: "deny", requireDigest: false },
      exemptions: { namespaces: new Set(), images: [] },
      platforms: [],
      namespaces: undefined,
      installationNamespace: "pratique-system",
      policyFiles: [],
      audit: { scanMinutes: 0, admissionEvents: false },
      registries: [],
      privateAddresses: "allow",
      requestSeconds: 8,
      cache: { tagSeconds: 10, foundSeconds: 600, absentSeconds: 5, staleSeconds: 3600, maxBytes: 67108864 },
      logLevel: "info",
    });
    t.same(config.signed.repositories.map(({ text }) => text), ["**"]);
  }
});

t.test("a whole file", async (t) => {
  const config = parseConfig(
    `
listen: "[::]:9443"
metricsListen: 127.0.0.1:0
tls: { clientCAFile: /etc/pratique/client-ca.crt }
defaults: { warn: signed, index: covered }
exemptions: { namespaces: [monitoring], images: ["registry.example.com/tools/debug:*"] }
signed: { repositories: ["harbor.example.com/**"] }
platforms: [linux/amd64, linux/arm/v7]
namespaces:
  shop: { team: a, pratique.dev/enforce: signed, pratique.dev/require-digest: "true" }
registries:
  - host: harbor.example.com
    dockerConfigFile: /etc/pratique/credentials/config.json
    repositories: ["shop/**"]
    tokenRealms: [sso.example.com, "keycloak:8443"]
  - host: registry-1.docker.io
    dockerConfigFile: /etc/pratique/credentials/config.json
    repositories: [nginx, bitnami/*]
`,
    "pratique.yaml",
  );
  t.same(config.listen, { host: "::", port: 9443 });
  t.same(config.metricsListen, { host: "127.0.0.1", port: 0 });
  t.equal(config.tls.clientCAFile, "/etc/pratique/client-ca.crt");
  t.equal(config.tls.keyFile, "/etc/pratique/tls/tls.key", "a group's other fields keep their defaults");
  t.match(config.defaults, { enforce: "none", warn: "signed", index: "covered" });
  t.ok(config.exemptions.namespaces.has("monitoring"));
  t.same(config.exemptions.images.map((glob) => matchesGlob(glob, parseReference("registry.example.com/tools/debug:1"))), [true]);
  t.same(config.platforms, [
    { os: "linux", architecture: "amd64", variant: undefined },
    { os: "linux", architecture: "arm", variant: "v7" },
  ]);
  t.same([...(config.namespaces?.get("shop") ?? [])], [["team", "a"], ["pratique.dev/enforce", "signed"], ["pratique.dev/require-digest", "true"]]);
  t.same(config.registries.map(({ host, tokenRealms }) => [host, tokenRealms]), [
    ["harbor.example.com", ["sso.example.com", "keycloak:8443"]],
    ["docker.io", []],
  ]);
});

t.test("policies come from files only where no API server is asked", async (t) => {
  t.same(parseConfig("policyFiles: [a.yaml, b.yaml]\nnamespaces: {}", "pratique.yaml").policyFiles, ["a.yaml", "b.yaml"]);
  t.same(problems("policyFiles: []"), {}, "none are none anywhere");
});

t.test("credentials are granted to repositories of their own host alone", async (t) => {
  const grants = (config: Config, host: string, image: string) =>
    registryConfig(config, host).repositories.some((glob) => matchesRepository(glob, parseReference(image).repository));
  const config = parseConfig('registries: [{ host: registry.corp, repositories: ["shop/**"] }, { host: index.docker.io, repositories: [nginx] }]', "pratique.yaml");
  t.equal(grants(config, "registry.corp", "registry.corp/shop/web"), true);
  t.equal(grants(config, "registry.corp", "registry.corp/other/web"), false);
  t.equal(grants(config, "registry.corp", "registry.corp.evil.io/shop/web"), false);
  t.equal(grants(config, "registry-1.docker.io", "nginx"), true);
  t.equal(grants(config, "docker.io", "redis"), false);
});

t.test("a registry that is not listed has the defaults", async (t) => {
  const config = parseConfig("registries: [{ host: registry.corp, maxInFlight: 4, plainHTTP: true }]", "pratique.yaml");
  t.match(registryConfig(config, "registry.corp"), { maxInFlight: 4, plainHTTP: true, allowPrivate: false });
  t.match(registryConfig(config, "ghcr.io"), { host: "ghcr.io", maxInFlight: 32, plainHTTP: false, dockerConfigFile: undefined, caFile: undefined, onOutage: "deny" });
});

t.test("the configuration is frozen, all the way down", async (t) => {
  const config = parseConfig("registries: [{ host: registry.corp }]", "pratique.yaml");
  for (const part of [config, config.tls, config.cache, config.registries, config.registries[0], config.registries[0]?.repositories, config.listen]) {
    t.ok(Object.isFrozen(part));
  }
});

t.test("each error has its path and says what to write instead", async (t) => {
  const cases: readonly (readonly [text: string, path: string, message: RegExp])[] = [
    ["lisen: a:1", "lisen", /did you mean listen\?/],
    ["Listen: a:1", "Listen", /did you mean listen\?/],
    ["kubeconfig: x", "kubeconfig", /is not a field; the fields here are listen, metricsListen, /],
    ["cache: { tagsSeconds: 1 }", "cache.tagsSeconds", /did you mean tagSeconds\?/],
    ["registries: [{ host: a.b, plainHttps: true }]", "registries[0].plainHttps", /did you mean plainHTTP\?/],
    ["__proto__: 1", '["__proto__"]', /is not a field/],
    ["tls: []", "tls", /is a list; it must be a map of fields/],
    ["tls:", "tls", /has no value; give it one or leave the line out/],
    ["platforms: linux/amd64", "platforms", /is "linux\/amd64"; it must be a list/],
    ["listen: 8443", "listen", /is 8443; it must be a text; put it in quotes: "8443"/],
    ["requestSeconds: '8'", "requestSeconds", /is "8"; it must be a number/],
    ["requestSeconds: .nan", "requestSeconds", /must be a number/],
    ["cache: { maxBytes: 2097152.5 }", "cache.maxBytes", /must be a whole number/],
    ["defaults: { requireDigest: yes }", "defaults.requireDigest", /is "yes"; it must be true or false/],
    ["namespaces: { shop: { pratique.dev/require-digest: true } }", 'namespaces.shop["pratique.dev/require-digest"]', /put it in quotes: "true"/],
    ["namespaces: { shop: { pratique.dev/enforce: sined } }", 'namespaces.shop["pratique.dev/enforce"]', /"sined" is not one of none, signed, verified/],
    ["namespaces: { shop: { pratique.dev/enforced: signed } }", 'namespaces.shop["pratique.dev/enforced"]', /unknown label/],
    ["namespaces: { Shop: {} }", "namespaces.Shop", /is not a namespace's name/],
    ["policyFiles: [policies.yaml]", "policyFiles", /name the namespaces here too \(`namespaces`\), or apply the policies to the cluster/],
    ["audit: {scanMinutes: 5}\nnamespaces: {}", "audit.scanMinutes", /needs an API server, and none is asked where `namespaces` are configured/],
    ["audit: {admissionEvents: true}\nnamespaces: {}", "audit.admissionEvents", /needs an API server/],
    ["audit: {scanMinutes: -1}", "audit.scanMinutes", /0/],
    ["policyFiles: policies.yaml\nnamespaces: {}", "policyFiles", /must be a list/],
    ["installationNamespace: Pratique", "installationNamespace", /is not a namespace's name/],
    ["tls: { managed: { secretName: a, serviceName: b } }", "tls.managed.webhookConfigurationName", /is missing; .* needs secretName, serviceName, webhookConfigurationName/],
    ["tls: { managed: { secretName: a/b, serviceName: b, webhookConfigurationName: c } }", "tls.managed.secretName", /is not the name of an object/],
    ["tls: { managed: { secretName: a, serviceName: b, webhookConfigurationName: c } }\nnamespaces: {}", "tls.managed.secretName", /needs an API server, .* serve files/],
    ["tls: { managed: { caHours: 0 } }", "tls.managed.caHours", /from 0.01 to 87600/],
    ["defaults: { enforce: sined }", "defaults.enforce", /is "sined"; it must be one of none, signed, verified/],
    ["defaults: { index: all }", "defaults.index", /one of both, covered, index, children/],
    ["privateAddresses: deny", "privateAddresses", /one of allow, configured/],
    ["logLevel: warning", "logLevel", /one of trace, debug, info, warn, error, fatal/],
    ["requestSeconds: 0.1", "requestSeconds", /is 0.1; it must be from 0.5 to 30/],
    ["requestSeconds: 31", "requestSeconds", /from 0.5 to 30/],
    ["cache: { tagSeconds: -1 }", "cache.tagSeconds", /from 0 to 3600/],
    ["cache: { maxBytes: 1 }", "cache.maxBytes", /from 1048576 to/],
    ["listen: localhost", "listen", /is not host:port, such as 0.0.0.0:8443/],
    ["listen: a:65536", "listen", /is not host:port/],
    ["listen: '::1:8443'", "listen", /is not host:port, .*\[::\]:8443/],
    ["platforms: [linux]", "platforms[0]", /"linux" is not os\/architecture\[\/variant\]/],
    ["exemptions: { images: ['', nginx] }", "exemptions.images[0]", /the glob is empty/],
    ["exemptions: { images: ['registry.corp/[ab]'] }", "exemptions.images[0]", /no other wildcards/],
    ["exemptions: { namespaces: [kube_system] }", "exemptions.namespaces[0]", /is not a namespace's name/],
    ["signed: { repositories: [registry.corp] }", "signed.repositories[0]", /`registry.corp\/\*\*` matches all that is in it/],
    ["registries: [{}]", "registries[0].host", /is missing/],
    ["registries: [{ host: 'https://registry.corp' }]", "registries[0].host", /leave out the scheme/],
    ["registries: [{ host: registry.corp/shop }]", "registries[0].host", /leave out the scheme and the path/],
    ["registries: [{ host: harbor }]", "registries[0].host", /needs a dot, a port, or the name localhost/],
    ["registries: [{ host: Registry.corp }]", "registries[0].host", /lower case/],
    ["registries: [{ host: 'registry.corp:x' }]", "registries[0].host", /port .* is not a number/],
    ["registries: [{ host: a.b, tokenRealms: ['https://sso'] }]", "registries[0].tokenRealms[0]", /is not the host of an https URL/],
    ["registries: [{ host: a.b, repositories: ['shop/web:1'] }]", "registries[0].repositories[0]", /names repositories below the registry's host/],
    ["registries: [{ host: a.b, dockerConfigFile: x, repositories: [] }]", "registries[0].repositories", /credentials of dockerConfigFile are used for nothing/],
    ["registries: [{ host: a.b, signatureRepository: signatures }]", "registries[0].signatureRepository", /not a whole repository without tag and digest/],
    ["registries: [{ host: a.b, signatureRepository: 'a.b/signatures:1' }]", "registries[0].signatureRepository", /not a whole repository without tag and digest/],
    ["registries: [{ host: a.b, signatureRepository: 'https://a.b/signatures' }]", "registries[0].signatureRepository", /is not|has no|names/],
    ["registries: [{ host: a.b, mirrors: [{ location: 'https://m.b' }] }]", "registries[0].mirrors[0].location", /is not host\[\/path\]/],
    ["registries: [{ host: a.b, mirrors: [{ location: mirror }] }]", "registries[0].mirrors[0].location", /is not host\[\/path\]/],
    ["registries: [{ host: a.b, mirrors: [m.b] }]", "registries[0].mirrors[0]", /must be a map of fields/],
    ["registries: [{ host: a.b, mirrors: [{ location: a.b }] }]", "registries[0].mirrors[0].location", /is the registry itself/],
    ["registries: [{ host: a.b, mirrors: [{ location: m.b }, { location: m.b }] }]", "registries[0].mirrors[1].location", /is listed twice/],
    ["registries: [{ host: a.b, upstream: never }]", "registries[0].upstream", /no mirror has `tags: true`/],
    ["registries: [{ host: a.b, upstream: never, mirrors: [{ location: m.b, signatures: false }] }]", "registries[0].upstream", /no mirror has `signatures: true`/],
    ["registries: [{ host: a.b, clientCertFile: x }]", "registries[0].clientCertFile", /name the private key too \(clientKeyFile\)/],
    ["registries: [{ host: a.b, clientKeyFile: x }]", "registries[0].clientKeyFile", /name the certificate too \(clientCertFile\)/],
    ["registries: [{ host: a.b, clientCertFile: x, clientKeyFile: y, plainHTTP: true }]", "registries[0].clientCertFile", /no use with plainHTTP/],
    ["registries: [{ host: a.b, credentials: aws }]", "registries[0].credentials", /must be one of none, ecr, gar, acr/],
    ["registries: [{ host: 123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io, credentials: ecr }]", "registries[0].credentials", /none of that cloud's own registries/],
    ["registries: [{ host: shop.azurecr.io, credentials: acr, plainHTTP: true }]", "registries[0].credentials", /not sent without TLS/],
    ["registries: [{ host: shop.azurecr.io, credentials: acr, dockerConfigFile: x }]", "registries[0].credentials", /leave one of them out/],
    ["registries: [{ host: shop.azurecr.io, credentials: acr, repositories: [] }]", "registries[0].repositories", /so the credentials of the cloud are used for nothing; .* or leave credentials out/],
    ["registries: [{ host: a.b, caFile: x, plainHTTP: true }]", "registries[0].caFile", /no use with plainHTTP/],
    ["registries: [{ host: a.b }, { host: a.b }]", "registries[1].host", /same registry as registries\[0\].host \(a.b\)/],
    ["registries: [{ host: docker.io }, { host: c.d }, { host: registry-1.docker.io }]", "registries[2].host", /same registry as registries\[0\].host \(docker.io\)/],
    ["- a", "", /is not a map of fields/],
    ["just text", "", /is not a map of fields/],
    ["listen: a:1\nlisten: b:1", "line 2, column 1", /keys must be unique/],
    ["tls: {\n", "line 2, column 1", /./],
    ["listen: !secret x", "line 1, column 9", /Unresolved tag/],
    ["a: 1\n---\nb: 2", "line 2, column 1", /multiple documents/],
    [`# ${"x".repeat(1024 * 1024)}`, "", /larger than 1 MiB/],
  ];
  for (const [text, path, message] of cases) t.match(problems(text), { [path]: message }, text.slice(0, 80));
});

t.test("all errors are reported at once, in one message", async (t) => {
  const text = "lisen: a\nrequestSeconds: 99\nregistries: [{ host: a.b }, { host: a.b, onOutage: no }]\nplatforms: [x, y]";
  t.same(Object.keys(problems(text)), ["lisen", "platforms[0]", "platforms[1]", "registries[1].onOutage", "requestSeconds", "registries[1].host"]);
  t.throws(() => parseConfig(text, "/etc/pratique/pratique.yaml"), { code: "InvalidConfig", message: /^\/etc\/pratique\/pratique.yaml has 6 errors:\n  lisen: .*\n  platforms\[0\]: / });
  t.throws(() => parseConfig("logLevel: x", "a.yaml"), { message: /^a.yaml has an error:\n  logLevel: is "x"/ });
});

t.test("aliases may save typing, and blow nothing up", async (t) => {
  t.same(problems("exemptions: { images: &list [nginx] }\nsigned: { repositories: *list }"), {});
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
  for (let n = 1; n < 9; n += 1) lines.push(`a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(",")}]`);
  t.match(problems(lines.join("\n")), { "": /[Ee]xcessive alias count/ });
});

t.test("a flag wins over the file, and its errors name the flag", async (t) => {
  const file = "listen: 0.0.0.0:1\ntls: { certFile: a, keyFile: b }\nlogLevel: debug\ninstallationNamespace: a";
  const config = parseConfig(file, "pratique.yaml", { listen: "127.0.0.1:0", "tls-key-file": "c", "installation-namespace": "b" });
  t.same(config.listen, { host: "127.0.0.1", port: 0 });
  t.match(config.tls, { certFile: "a", keyFile: "c" });
  t.equal(config.logLevel, "debug");
  t.equal(config.installationNamespace, "b");
  t.equal(parseConfig("", "", { "tls-cert-file": "x" }).tls.certFile, "x");
  t.match(problems("", { listen: "here", "log-level": "loud" }), { "--listen": /is not host:port/, "--log-level": /must be one of/ });
  t.match(problems("tls: 1", { "tls-key-file": "c" }), { tls: /must be a map of fields/ });
  for (const path of Object.values(FLAGS)) {
    let node: Node | undefined = ConfigSchema;
    for (const step of path) node = node?.properties?.[step];
    t.ok(node, `${path.join(".")} is a field`);
  }
});
