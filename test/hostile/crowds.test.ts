import t from "tap";
import { OCI_INDEX } from "../../src/image/media-type.ts";
import { signBundle } from "../helpers/cosign-bundle.ts";
import { signLegacy, signOci11, sigTag } from "../helpers/cosign.ts";
import { push } from "../helpers/images.ts";
import { endlessPages, withBody } from "../helpers/registry-faults.ts";
import { BAD, type HostileCase, key } from "./case.ts";
import { judgeCases } from "./judge-cases.ts";
import { absentLayers, absentReferrers, crowd, indexOf, manifest, OTHER } from "./junk.ts";

t.setTimeout(180_000);

/** More accessories than anybody wants; among them, at times, a good one. */
const CROWDS: readonly HostileCase[] = [
  crowd("thousands of layers in the .sig manifest", (registry, digest) => push(registry, BAD, manifest(absentLayers(20_000)), sigTag(digest))),
  crowd("a .sig manifest of a million empty layers", (registry, digest) => push(registry, BAD, manifest(Array.from({ length: 1_000_000 }, () => ({}))), sigTag(digest)), { reason: "Malformed" }),
  crowd("ten thousand referrers", (registry) => registry.fault(/referrers/, withBody(indexOf(absentReferrers(10_000))))),
  crowd("ten thousand referrers under the fallback tag", (registry, digest) => registry.push(BAD, indexOf(absentReferrers(10_000)), OCI_INDEX, digest.replace(":", "-"))),
  crowd("pages of referrers without an end", (registry) => registry.fault(/referrers/, endlessPages())),
  crowd("a malformed referrer among good ones", (registry, digest) => {
    signBundle(registry, BAD, digest, { key, payload: Buffer.from("not a statement") });
    signBundle(registry, BAD, digest, { key });
    signOci11(registry, BAD, digest, { key, claims: OTHER });
    registry.fault(/referrers/, (exchange) => {
      const { manifests } = JSON.parse(Buffer.from(exchange.usual.body).toString()) as { readonly manifests: readonly object[] };
      return withBody(indexOf([{}, [], { digest: "sha256:" }, ...manifests]))(exchange);
    });
  }, { reason: null }),
  crowd("junk up to the quota before the good layer", (registry, digest) => {
    for (let i = 0; i < 49; i += 1) signLegacy(registry, BAD, digest, { key, claims: OTHER, reference: `junk ${i}` });
    signLegacy(registry, BAD, digest, { key });
  }, { reason: null }),
  crowd("junk up to the quota before the good referrer", (registry, digest) => {
    for (let i = 0; i < 49; i += 1) signBundle(registry, BAD, digest, { key, claims: OTHER, created: new Date(i * 1000).toISOString() });
    signBundle(registry, BAD, digest, { key });
  }, { reason: null }),
  crowd("junk beyond the quota before the good layer", (registry, digest) => {
    for (let i = 0; i < 50; i += 1) signLegacy(registry, BAD, digest, { key, claims: OTHER, reference: `junk ${i}` });
    signLegacy(registry, BAD, digest, { key });
  }),
];

t.test("crowds of accessories", (t) => judgeCases(t, CROWDS));
