import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import t, { type Test } from "tap";
import { proxyChooser } from "../../../src/adapters/registry/proxies.ts";
import { proxySettings } from "../../../src/app/proxy-settings.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { imageManifest, push } from "../../helpers/images.ts";
import { startRegistry } from "../../helpers/registry-double.ts";
import { redirectTo } from "../../helpers/registry-faults.ts";
import { startSocksProxy } from "../../helpers/socks-proxy.ts";
import { ask, failure, inTime, startClient, type World } from "./world.ts";

const authority = await createAuthority("registry authority");
const certificate = await authority.issue({ dnsNames: ["registry.example"] });

t.test("NO_PROXY as Go's programs read it", async (t) => {
  const rows: readonly (readonly [none: string, direct: readonly string[], proxied: readonly string[]])[] = [
    ["", [], ["https://a.example", "https://10.0.0.1"]],
    ["*", ["https://a.example", "http://10.0.0.1:5000"], []],
    ["a.example", ["https://a.example", "https://b.a.example", "https://a.example:5000", "https://A.EXAMPLE", "https://a.example."], ["https://ba.example", "https://a.example.org", "https://example"]],
    [".a.example", ["https://b.a.example"], ["https://a.example", "https://ba.example"]],
    ["*.a.example", ["https://b.a.example", "https://c.b.a.example"], ["https://a.example"]],
    ["a.example:5000", ["https://a.example:5000", "http://b.a.example:5000"], ["https://a.example", "https://a.example:500"]],
    ["a.example:443", ["https://a.example"], ["http://a.example", "https://a.example:5000"]],
    ["10.0.0.1", ["https://10.0.0.1", "http://10.0.0.1:5000"], ["https://10.0.0.10", "https://a.10.0.0.1.example"]],
    ["10.0.0.1:5000", ["http://10.0.0.1:5000"], ["https://10.0.0.1"]],
    ["10.0.0.0/8", ["https://10.1.2.3", "http://10.255.0.1:5000"], ["https://11.0.0.1", "https://ten.example"]],
    ["fd00::/8", ["https://[fd00::1]:5000"], ["https://[fe00::1]", "https://10.0.0.1"]],
    ["fd00::1", ["https://[fd00::1]", "https://[fd00::1]:5000"], ["https://[fd00::2]"]],
    ["[fd00::1]:5000", ["https://[fd00::1]:5000"], ["https://[fd00::1]"]],
    ["x.example, a.example  ,10.0.0.0/8,", ["https://a.example", "https://x.example", "https://10.0.0.1"], ["https://b.example"]],
    ["10.0.0.0/33,/8,300.0.0.0/8", [], ["https://10.0.0.1"]],
  ];
  for (const [none, direct, proxied] of rows) {
    const choose = proxyChooser({ http: "http://plain:1", https: "http://secure:1", none });
    for (const url of direct) t.equal(choose(new URL(url)), undefined, `${url} directly, by NO_PROXY=${none}`);
    for (const url of proxied) t.equal(choose(new URL(url)), url.startsWith("https") ? "http://secure:1" : "http://plain:1", `${url} through the proxy, by NO_PROXY=${none}`);
  }
  const secure = proxyChooser({ http: "http://plain:1", https: "", none: "" });
  t.equal(secure(new URL("https://a.example")), undefined, "HTTP_PROXY is for http alone");
  for (const url of ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]", "http://x.localhost"]) t.equal(secure(new URL(url)), undefined, `${url} is never the proxy's own`);
  t.equal(proxyChooser(undefined)(new URL("https://a.example")), undefined);
});

t.test("the environment's variables", async (t) => {
  const rows: readonly (readonly [env: Readonly<Record<string, string>>, http: string, https: string])[] = [
    [{ HTTPS_PROXY: "http://p.example:3128" }, "", "http://p.example:3128/"],
    [{ https_proxy: "http://lower.example", HTTPS_PROXY: "http://upper.example" }, "", "http://lower.example/"],
    [{ HTTP_PROXY: "p.example:3128" }, "http://p.example:3128/", ""],
    [{ ALL_PROXY: "socks5://s.example:1080" }, "socks5://s.example:1080", "socks5://s.example:1080"],
    [{ ALL_PROXY: "socks5h://me:pass@s.example", HTTPS_PROXY: "https://p.example" }, "socks5://me:pass@s.example", "https://p.example/"],
  ];
  for (const [env, http, https] of rows) t.same(proxySettings({ ...env, NO_PROXY: "a.b" }), { http, https, none: "a.b" }, JSON.stringify(env));
  t.equal(proxySettings({ NO_PROXY: "a.b", HTTPS_PROXY: "" }), undefined);
  for (const [name, value] of [["HTTPS_PROXY", "ftp://me:hunter2@p.example"], ["all_proxy", "socks4://me:hunter2@p.example"], ["HTTP_PROXY", "http://me:hunter2@"], ["HTTPS_PROXY", "://"]] as const) {
    t.throws(() => proxySettings({ [name]: value }), { code: "Unreadable", message: new RegExp(`^${name} names no proxy that can be used: [^2]*3128$`) });
  }
});

/** A proxy that lets one account through, and ends every tunnel at one server. */
async function startHttpProxy(t: Test, target: string, authorization: string) {
  const seen: (string | undefined)[] = [];
  const proxy = createServer();
  const sockets = new Set<Duplex>();
  const [hostname = "", port] = target.split(":");
  proxy.on("connect", ({ url, headers }, socket: Duplex) => {
    sockets.add(socket);
    seen.push(`${url} ${headers["proxy-authorization"]}`);
    if (headers["proxy-authorization"] !== authorization) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const onward = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    onward.pipe(socket).pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
}

async function setUp(t: Test) {
  const registry = await startRegistry({ tls: certificate });
  t.teardown(() => registry.close());
  push(registry, "web", imageManifest(), "v1");
  const through = (https: string, world: World = {}) => {
    const { client, lookups } = startClient(t, { registries: { "registry.example": { ca: authority.cert } }, proxy: { http: https, https, none: "" }, ...world });
    const get = (reference: string): Promise<unknown> => {
      const { access, target } = ask(reference);
      return client.fetchManifest(access, target, inTime());
    };
    return { get, lookups };
  };
  return { registry, through };
}

t.test("a proxy is told its password, and the registry is not", async (t) => {
  const { registry, through } = await setUp(t);
  const authorization = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  const proxy = await startHttpProxy(t, registry.host, authorization);
  t.match(await through(`http://me:p%40ss@${proxy.host}`).get("registry.example/web:v1"), { kind: "manifest" });
  t.same(proxy.seen, [`registry.example:443 ${authorization}`]);
  t.same(registry.requests.map(({ headers }) => [headers.authorization, headers["proxy-authorization"]]), [[undefined, undefined]]);
  t.match(await failure(through(`http://${proxy.host}`).get("registry.example/web:v1")), { code: "RegistryUnavailable", message: /^registry\.example: the proxy does not connect us \(/ });
});

t.test("a SOCKS5 proxy is asked for the name, with a password where it wants one", async (t) => {
  const { registry, through } = await setUp(t);
  const open = await startSocksProxy(t, { target: registry.host });
  const { get, lookups } = through(`socks5://${open.host}`);
  t.match(await get("registry.example/web:v1"), { kind: "manifest" });
  t.same(open.seen, ["registry.example:443"]);
  t.same(lookups, [], "the name is the proxy's to resolve");
  const shut = await startSocksProxy(t, { target: registry.host, account: { username: "me", password: "p@ss" } });
  t.match(await through(`socks5://me:p%40ss@${shut.host}`).get("registry.example/web:v1"), { kind: "manifest" });
  for (const who of ["", "me:wrong@"]) {
    t.match(await failure(through(`socks5://${who}${shut.host}`).get("registry.example/web:v1")), { code: "RegistryUnavailable", message: /the proxy does not connect us \(UND_ERR_SOCKS5/ }, who || "nobody");
  }
  t.equal(shut.seen.length, 1);
});

t.test("a SOCKS5 proxy is never asked for an address that may not be reached", async (t) => {
  const { registry, through } = await setUp(t);
  const proxy = await startSocksProxy(t, { target: registry.host });
  const { get } = through(`socks5://${proxy.host}`, { privateAddresses: "configured" });
  for (const host of ["169.254.169.254", "10.0.0.1", "metadata.google.internal", "[fd00:ec2::254]"]) {
    t.equal((await failure(get(`${host}/web:v1`))).code, "RegistryForbidden", host);
    registry.fault(/v1$/, redirectTo(`https://${host}/`));
    t.equal((await failure(get("registry.example/web:v1"))).code, "RegistryForbidden", `a redirect to ${host}`);
  }
  t.same(new Set(proxy.seen), new Set(["registry.example:443"]));
});

t.test("another certificate than the registry's is not trusted behind a proxy either", async (t) => {
  const { registry, through } = await setUp(t);
  const proxy = await startSocksProxy(t, { target: registry.host });
  t.match(await failure(through(`socks5://${proxy.host}`).get("other.example/web:v1")), { code: "RegistryUnavailable", message: /certificate is not trusted/ });
  t.equal(registry.requests.length, 0);
});
