import t from "tap";
import type { Reason } from "../../src/verdict/reason.ts";
import { signBundle } from "../helpers/cosign-bundle.ts";
import { signLegacy } from "../helpers/cosign.ts";
import type { RegistryDouble, RegistryOptions } from "../helpers/registry-double.ts";
import { answerWith, type Where } from "../helpers/registry-faults.ts";
import { BAD, type HostileCase, key, unsigned } from "./case.ts";
import { judgeCases } from "./judge-cases.ts";

t.setTimeout(180_000);

/** One kind of request, made of a signed image whose signature can be had by no other. */
interface Asked {
  readonly name: string;
  readonly where: Where;
  readonly options?: RegistryOptions;
  readonly sign: (registry: RegistryDouble) => void;
  /** Reasons that differ from `REASONS`: what is not there is there a different matter. */
  readonly but?: Readonly<Record<number, Reason>>;
}

const REASONS: Readonly<Record<number, Reason>> = {
  401: "Unauthorized",
  403: "Unauthorized",
  404: "Unsigned",
  412: "BlockedByRegistry",
  429: "RateLimited",
  500: "RegistryUnavailable",
  503: "RegistryUnavailable",
};

const legacy = (registry: RegistryDouble): void => {
  signLegacy(registry, BAD, unsigned(registry), { key });
};
const bundle = (registry: RegistryDouble): void => {
  signBundle(registry, BAD, unsigned(registry), { key });
};
/** A manifest by digest: the referrer's own, since the image is asked for by its tag. */
const REFERRER = /manifests\/sha256:/;
const accounts = { robot: { password: "secret", repositories: ["**"] } };

const ASKED: readonly Asked[] = [
  { name: "the image's manifest", where: "manifests/v1", sign: legacy, but: { 404: "ImageNotFound" } },
  { name: "the .sig tag", where: ".sig", sign: legacy },
  { name: "a payload", where: /blobs/, sign: legacy },
  { name: "the referrers API", where: /referrers/, sign: bundle },
  { name: "a referrer", where: REFERRER, sign: bundle },
  { name: "a bundle", where: /blobs/, sign: bundle },
  { name: "the fallback tag", where: /manifests\/sha256-[0-9a-f]{64}$/, options: { referrers: false }, sign: bundle },
  {
    name: "a token",
    where: /^\/token/,
    options: { auth: { kind: "bearer", style: "distribution", accounts, open: ["**"] } },
    sign: legacy,
    but: { 404: "Unauthorized", 412: "Unauthorized" },
  },
];

/** Each status on each kind of request: no answer opens the gate, and none is taken for another. */
const STATUSES: readonly HostileCase[] = ASKED.flatMap(({ name, where, options = {}, sign, but = {} }) =>
  Object.entries({ ...REASONS, ...but }).map(([status, reason]) => ({
    name: `${status} for ${name}`,
    options,
    build: (registry: RegistryDouble) => {
      sign(registry);
      registry.fault(where, answerWith(Number(status)));
      return ":v1";
    },
    reason,
  })),
);

t.test("every status on every kind of request", (t) => judgeCases(t, STATUSES));
