import { BlockList, isIP } from "node:net";

/**
 * What kind of place an IP address is. `metadata` are the addresses at which clouds hand credentials to whoever asks;
 * `reserved` is all that no registry can have: unspecified, multicast, documentation, future use.
 */
export type AddressClass = "public" | "private" | "loopback" | "link-local" | "metadata" | "reserved";

/** What a connection may reach: `public` addresses alone, `private` ones as well, or `any`. */
export type AddressRule = "public" | "private" | "any";

type Range = readonly [network: string, prefix: number];

// The first class that matches counts, so the special places stand before the ranges that they lie in.
const RANGES_V4: Readonly<Record<Exclude<AddressClass, "public">, readonly Range[]>> = {
  metadata: [
    ["169.254.169.254", 32], // AWS, Azure, Google Cloud and most others
    ["169.254.170.2", 32], // AWS ECS
    ["169.254.170.23", 32], // AWS EKS
    ["100.100.100.200", 32], // Alibaba Cloud
    ["168.63.129.16", 32], // Azure's host agent
    ["192.0.0.192", 32], // Oracle Cloud
  ],
  loopback: [["127.0.0.0", 8]],
  "link-local": [["169.254.0.0", 16]],
  private: [
    ["10.0.0.0", 8],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
    ["100.64.0.0", 10],
  ],
  reserved: [
    ["0.0.0.0", 8],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ],
};

const RANGES_V6: typeof RANGES_V4 = {
  metadata: [
    ["fd00:ec2::254", 128],
    ["fd00:ec2::23", 128],
    ["fd20:ce::254", 128],
  ],
  loopback: [["::1", 128]],
  "link-local": [["fe80::", 10]],
  private: [
    ["fc00::", 7],
    ["fec0::", 10],
    ["64:ff9b:1::", 48], // NAT64 within one network (RFC 8215)
  ],
  reserved: [
    ["::", 128],
    ["100::", 64],
    ["2001::", 23],
    ["2001:db8::", 32],
    ["3fff::", 20],
    ["5f00::", 16],
    ["ff00::", 8],
  ],
};

const CLASSES = Object.keys(RANGES_V4) as (keyof typeof RANGES_V4)[];

const LISTS: ReadonlyMap<AddressClass, BlockList> = new Map(CLASSES.map((name) => [name, listOf(name)]));

/** Host names that lead to the machine itself or to a cloud's metadata wherever they resolve. */
const NAMES: ReadonlyMap<string, AddressClass> = new Map([
  ["localhost", "loopback"],
  ["metadata.google.internal", "metadata"],
  ["metadata.goog", "metadata"],
  ["instance-data", "metadata"],
  ["instance-data.ec2.internal", "metadata"],
]);

/** The class of an IP address. A text that is none is `reserved`: nothing is ever connected to by accident. */
export function addressClassOf(address: string): AddressClass {
  const bare = address.split("%")[0] ?? "";
  const family = isIP(bare);
  if (family === 0) return "reserved";
  for (const [name, list] of LISTS) {
    if (list.check(bare, family === 4 ? "ipv4" : "ipv6")) return name;
  }
  return "public";
}

/** The class that a URL's `hostname` has as written; undefined for a name that only a look-up can tell about. */
export function writtenClassOf(hostname: string): AddressClass | undefined {
  const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname.toLowerCase().replace(/\.$/, "");
  if (isIP(bare) !== 0) return addressClassOf(bare);
  if (bare.endsWith(".localhost")) return "loopback";
  return NAMES.get(bare);
}

export function permits(rule: AddressRule, addressClass: AddressClass): boolean {
  return rule === "any" || addressClass === "public" || (rule === "private" && addressClass === "private");
}

function listOf(name: keyof typeof RANGES_V4): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of RANGES_V6[name]) list.addSubnet(network, prefix, "ipv6");
  for (const [network, prefix] of RANGES_V4[name]) {
    // A BlockList finds IPv4-mapped addresses by their IPv4 ranges itself.
    list.addSubnet(network, prefix, "ipv4");
    // IPv4 inside IPv6: IPv4-compatible (RFC 4291), NAT64 (RFC 6052) and 6to4 (RFC 3056).
    list.addSubnet(`::${network}`, 96 + prefix, "ipv6");
    list.addSubnet(`64:ff9b::${network}`, 96 + prefix, "ipv6");
    list.addSubnet(`2002:${asGroups(network)}::`, 16 + prefix, "ipv6");
  }
  return list;
}

function asGroups(network: string): string {
  const hex = network.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return `${hex.slice(0, 2).join("")}:${hex.slice(2).join("")}`;
}
