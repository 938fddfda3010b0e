import type { LookupAddress } from "node:dns";
import t from "tap";
import { type AddressClass, addressClassOf, type AddressRule, permits, writtenClassOf } from "../../../src/adapters/registry/address.ts";
import { ForbiddenAddressError, guardedLookup } from "../../../src/adapters/registry/dispatcher.ts";
import { Reach } from "../../../src/adapters/registry/reach.ts";
import type { RegistrySettings } from "../../../src/adapters/registry/settings.ts";
import { RefusedError } from "../../../src/verdict/failure.ts";

t.test("what kind of place an address is", (t) => {
  const places: Record<AddressClass, string[]> = {
    public: ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "169.253.0.1", "192.167.1.1", "2606:4700::1111", "2001:200::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1", "223.255.255.255"],
    private: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "fc00::1", "fd12:3456::1", "fec0::1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "64:ff9b:1::8.8.8.8", "2002:a01:203::1", "2002:c0a8:101::"],
    loopback: ["127.0.0.1", "127.255.0.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
    "link-local": ["169.254.0.1", "169.254.169.253", "fe80::1", "fe80::1%eth0", "febf::1", "::ffff:169.254.1.1"],
    metadata: ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::"],
    reserved: ["0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "ff02::1", "2001:db8::1", "2001::1", "100::1", "", "example.com", "1.2.3", "[::1]"],
  };
  for (const [name, addresses] of Object.entries(places)) {
    for (const address of addresses) t.equal(addressClassOf(address), name, address || "an empty text");
  }
  t.end();
});

t.test("what a host name tells by itself", (t) => {
  const cases: [host: string, written: AddressClass | undefined][] = [
    ["localhost", "loopback"],
    ["LOCALHOST", "loopback"],
    ["localhost.", "loopback"],
    ["foo.localhost", "loopback"],
    ["metadata.google.internal", "metadata"],
    ["[::1]", "loopback"],
    ["[::ffff:7f00:1]", "loopback"],
    ["10.0.0.1", "private"],
    ["8.8.8.8", "public"],
    ["localhost.example.com", undefined],
    ["harbor.example.com", undefined],
    ["registry", undefined],
  ];
  for (const [host, written] of cases) t.equal(writtenClassOf(host), written, host);
  t.end();
});

t.test("what a rule permits", (t) => {
  const all: AddressClass[] = ["public", "private", "loopback", "link-local", "metadata", "reserved"];
  const permitted = (rule: AddressRule): AddressClass[] => all.filter((name) => permits(rule, name));
  t.same(permitted("public"), ["public"]);
  t.same(permitted("private"), ["public", "private"]);
  t.same(permitted("any"), all);
  t.end();
});

interface World {
  readonly privateAddresses?: "allow" | "configured";
  readonly registries?: Readonly<Record<string, Partial<RegistrySettings>>>;
}

function reachOf(host: string, { privateAddresses = "allow", registries = {} }: World = {}): Reach {
  const settingsFor = (name: string): RegistrySettings => ({ plainHTTP: false, allowPrivate: false, ca: undefined, tokenRealms: [], maxInFlight: 1, ...registries[name] });
  return new Reach(host, { settingsFor, privateAddresses });
}

function ruleOrRefusal(work: () => AddressRule): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof RefusedError) return error.code;
    throw error;
  }
}

t.test("a registry's own address", (t) => {
  const allowed = { registries: { "10.0.0.1": { allowPrivate: true }, "localhost:5000": { allowPrivate: true } } };
  const cases: [host: string, world: World, rule: string][] = [
    ["harbor.example.com", {}, "private"],
    ["harbor.example.com", { privateAddresses: "configured" }, "public"],
    ["harbor.example.com", { registries: { "harbor.example.com": { allowPrivate: true } } }, "any"],
    ["10.0.0.1", {}, "private"],
    ["10.0.0.1", { privateAddresses: "configured" }, "RegistryForbidden"],
    ["10.0.0.1", { privateAddresses: "configured", ...allowed }, "any"],
    ["localhost:5000", {}, "RegistryForbidden"],
    ["localhost:5000", allowed, "any"],
    // Allowed is the host with its port, and nothing else on that machine.
    ["localhost:5001", allowed, "RegistryForbidden"],
    ["127.0.0.1:5000", allowed, "RegistryForbidden"],
    ["127.1:5000", {}, "RegistryForbidden"],
    ["0x7f.0.0.1", {}, "RegistryForbidden"],
    ["0177.0.0.1", {}, "RegistryForbidden"],
    ["2130706433:80", {}, "RegistryForbidden"],
    ["[::1]:5000", {}, "RegistryForbidden"],
    ["[::ffff:169.254.169.254]", {}, "RegistryForbidden"],
    ["169.254.169.254", {}, "RegistryForbidden"],
    ["metadata.google.internal", {}, "RegistryForbidden"],
    ["0.0.0.0", {}, "RegistryForbidden"],
    ["8.8.8.8", { privateAddresses: "configured" }, "public"],
    ["1.2.3.4.5", {}, "RegistryForbidden"],
    ["harbor.example.com:99999", {}, "RegistryForbidden"],
  ];
  for (const [host, world, rule] of cases) {
    t.equal(ruleOrRefusal(() => {
      const reach = reachOf(host, world);
      return reach.ruleFor(reach.base, reach.base);
    }), rule, `${host} ${JSON.stringify(world)}`);
  }
  t.throws(() => reachOf("127.0.0.1:5000").ruleFor(new URL("https://127.0.0.1:5000/"), new URL("https://127.0.0.1:5000/")), {
    message: '127.0.0.1:5000 is at the loopback address 127.0.0.1, which image references may not reach; if that is meant, configure `registries: [{ host: "127.0.0.1:5000", allowPrivate: true }]`',
  });
  t.equal(reachOf("docker.io").base.href, "https://registry-1.docker.io/");
  t.equal(reachOf("harbor.example.com:8080", { registries: { "harbor.example.com:8080": { plainHTTP: true } } }).base.href, "http://harbor.example.com:8080/");
  t.end();
});

t.test("where a registry may send us", (t) => {
  const allowPrivate = { allowPrivate: true };
  const cases: [known: AddressClass | undefined, world: World, target: string, rule: string][] = [
    ["public", {}, "https://cdn.example.net/", "public"],
    ["public", {}, "https://10.0.0.1/", "RegistryForbidden"],
    ["public", {}, "https://harbor.example.com:8443/", "public"],
    ["public", { registries: { "10.0.0.1": allowPrivate } }, "https://10.0.0.1/", "any"],
    ["public", { registries: { "10.0.0.1:9000": allowPrivate } }, "https://10.0.0.1/", "RegistryForbidden"],
    ["private", {}, "https://minio.example.com/", "private"],
    ["private", {}, "https://10.0.0.1/", "private"],
    ["private", {}, "https://127.0.0.1/", "RegistryForbidden"],
    ["private", {}, "https://169.254.169.254/latest/meta-data/", "RegistryForbidden"],
    ["private", { privateAddresses: "configured" }, "https://10.0.0.1/", "RegistryForbidden"],
    // Behind a proxy nobody tells the registry's address: it counts as public.
    [undefined, {}, "https://10.0.0.1/", "RegistryForbidden"],
    // The operator's word on a registry holds for its name at other ports and for the token services listed for it.
    ["private", { registries: { "harbor.example.com": allowPrivate } }, "https://harbor.example.com:8443/", "any"],
    ["private", { registries: { "harbor.example.com": { ...allowPrivate, tokenRealms: ["sso.example.org"] } } }, "https://sso.example.org/token", "any"],
    ["private", { registries: { "harbor.example.com": { tokenRealms: ["10.0.0.2"] } } }, "https://10.0.0.2/", "private"],
    ["public", { registries: { "harbor.example.com": { ...allowPrivate } } }, "https://other.example.com/", "public"],
    ["public", { registries: { "harbor.example.com": { ...allowPrivate } } }, "https://harbor.example.com/", "any"],
  ];
  for (const [known, world, target, rule] of cases) {
    const reach = reachOf("harbor.example.com", world);
    if (known !== undefined) reach.notice(known);
    t.equal(ruleOrRefusal(() => reach.ruleFor(new URL(target), reach.base)), rule, `${known} -> ${target} ${JSON.stringify(world)}`);
  }
  const reach = reachOf("harbor.example.com");
  reach.notice("private");
  t.equal(reach.ruleFor(new URL("https://a.example/"), new URL("https://b.example/")), "public", "whoever is not the registry counts as public");
  reach.notice("public");
  reach.notice("private");
  t.equal(reach.ruleFor(new URL("https://a.example/"), reach.base), "public", "a name that once had a public address stays public");
  t.end();
});

t.test("names are resolved to permitted addresses alone", (t) => {
  const zone: Record<string, string[]> = {
    "public.example": ["8.8.8.8", "2606:4700::1111"],
    "private.example": ["10.0.0.1"],
    "rebound.example": ["127.0.0.1"],
    "mixed.example": ["169.254.169.254", "10.0.0.1", "8.8.8.8"],
    "nothing.example": [],
  };
  const noticed: unknown[] = [];
  const ask = (rule: AddressRule, hostname: string, all: boolean): unknown => {
    let answer: unknown;
    const lookup = guardedLookup({
      rule,
      resolve: (name, callback) => {
        const addresses = zone[name]?.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 }));
        if (addresses === undefined) return callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
        callback(null, addresses);
      },
      onResolved: (name, classes) => noticed.push([name, ...classes]),
    });
    lookup(hostname, { all }, (error, address, family) => {
      answer = error ?? (all ? address : [address, family]);
    });
    return answer;
  };
  t.same(ask("public", "public.example", true), [{ address: "8.8.8.8", family: 4 }, { address: "2606:4700::1111", family: 6 }]);
  t.same(ask("public", "public.example", false), ["8.8.8.8", 4]);
  t.same(ask("private", "private.example", false), ["10.0.0.1", 4]);
  t.same(ask("public", "mixed.example", true), [{ address: "8.8.8.8", family: 4 }]);
  t.same(ask("private", "mixed.example", true), [{ address: "10.0.0.1", family: 4 }, { address: "8.8.8.8", family: 4 }]);
  t.same(ask("any", "rebound.example", false), ["127.0.0.1", 4]);
  t.same(noticed.at(-2), ["mixed.example", "private", "public"]);
  noticed.length = 0;
  for (const [rule, name] of [["public", "private.example"], ["private", "rebound.example"]] as const) {
    t.type(ask(rule, name, true), ForbiddenAddressError);
    t.match(ask(rule, name, false), { address: zone[name]?.[0] });
  }
  t.match(ask("public", "nothing.example", true), { code: "ENOTFOUND" });
  t.match(ask("public", "unknown.example", true), { code: "ENOTFOUND" });
  t.same(noticed, [], "what was refused is not noticed");
  t.end();
});
