import t from "tap";
import { signLegacy } from "../helpers/cosign.ts";
import { imageManifest, push } from "../helpers/images.ts";
import type { RegistryDouble } from "../helpers/registry-double.ts";
import { after, type Behaviour, claimLength, cutOff, endless, gzipBomb, hangUp, hold, send, trickle, type Where, withBody, withHeaders } from "../helpers/registry-faults.ts";
import { BAD, type HostileCase, key, unsigned } from "./case.ts";
import { judgeCases } from "./judge-cases.ts";

t.setTimeout(180_000);

const OTHER = imageManifest({ seed: "other" });
const MANIFEST = "manifests/v1";

/** An image that is signed, as `cosign sign` of version 2 does it. */
function signed(registry: RegistryDouble): string {
  const digest = unsigned(registry);
  signLegacy(registry, BAD, digest, { key });
  return digest;
}

/** A signed image, one of whose answers is a lie. */
function lie(name: string, where: Where, behaviour: Behaviour, reason: HostileCase["reason"]): HostileCase {
  return {
    name,
    build: (registry) => {
      signed(registry);
      registry.fault(where, behaviour);
      return ":v1";
    },
    reason,
  };
}

/** Lies about bytes: too many of them, too few, others than were asked for, or too slow to be of use. */
const BODIES: readonly HostileCase[] = [
  lie("a manifest without an end", MANIFEST, endless(), "TooLarge"),
  lie("a manifest that trickles in", MANIFEST, trickle(), "DeadlineExceeded"),
  lie("a manifest that never comes", MANIFEST, hold().behaviour, "DeadlineExceeded"),
  lie("a manifest that is longer than it says", MANIFEST, claimLength(1_000_000), "DeadlineExceeded"),
  lie("a manifest that claims to be huge", MANIFEST, claimLength(5_000_000_000), "TooLarge"),
  lie("a connection that is reset in the middle", MANIFEST, cutOff(), "RegistryUnavailable"),
  lie("a connection that is reset at once", MANIFEST, hangUp(), "RegistryUnavailable"),
  lie("a gzip bomb for a manifest", MANIFEST, gzipBomb(1024), "Malformed"),
  lie("a .sig manifest without an end", ".sig", endless(), "TooLarge"),
  lie("a .sig manifest that trickles in", ".sig", trickle(), "DeadlineExceeded"),
  lie("referrers without an end", /referrers/, endless(), null),
  lie("a payload without an end", /blobs/, endless(), "TooLarge"),
  lie("a payload that is reset in the middle", /blobs/, cutOff(), "RegistryUnavailable"),
  lie("a gzip bomb for a payload", /blobs/, gzipBomb(1024), "Malformed"),
  lie("other bytes for a payload", /blobs/, withBody("{}"), "DigestMismatch"),
  {
    name: "other bytes than the digest that was asked for",
    build: (registry) => {
      const digest = signed(registry);
      registry.fault(new RegExp(digest), withBody(OTHER.bytes));
      return `@${digest}`;
    },
    reason: "DigestMismatch",
  },
  {
    name: "a digest header that names a signed image",
    build: (registry) => {
      const digest = push(registry, BAD, OTHER);
      signLegacy(registry, BAD, digest, { key });
      unsigned(registry);
      registry.fault(MANIFEST, withHeaders({ "docker-content-digest": digest, etag: `"${digest}"` }));
      return ":v1";
    },
    reason: "Unsigned",
  },
  {
    name: "a signed image at the second request",
    build: (registry) => {
      const digest = push(registry, BAD, OTHER);
      signLegacy(registry, BAD, digest, { key });
      unsigned(registry);
      registry.fault(MANIFEST, after(1, ({ response, usual }) => send(response, { ...usual, body: OTHER.bytes })));
      return ":v1";
    },
    reason: "Unsigned",
    afterwards: (registry) => {
      const count = registry.requestLines().filter((line) => line.endsWith(MANIFEST)).length;
      if (count !== 1) throw new Error(`a tag is resolved once for a request, not ${count} times`);
    },
  },
];

t.test("lies about bytes", (t) => judgeCases(t, BODIES));
