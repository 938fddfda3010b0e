import t from "tap";
import { ConfiguredPolicies, PolicyFileError } from "../../../src/adapters/kubernetes/configured-policies.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { TrustPolicy } from "../../../src/trust/trust-policy.ts";
import { clusterPolicy, inSecret, textSecret, trustPolicy } from "../../helpers/policy-objects.ts";
import { generateSigningKey } from "../../helpers/signing-key.ts";
import { tweak } from "../../helpers/tweak.ts";

const PEM = generateSigningKey().publicKey;
const CLUSTER = clusterPolicy("release-keys", inSecret("cosign"));
const SHOP = trustPolicy("shop", "ours", inSecret("cosign"));
const ANYWHERE = { ...SHOP, metadata: { name: "anywhere" } };
const SECRET = textSecret("cosign", { "cosign.pub": PEM });

function inNamespace(namespace: string, object: JsonObject = SECRET): JsonObject {
  return tweak(object, (copy) => Object.assign(copy["metadata"] as object, { namespace }));
}

/** `shop/ours ready`. */
async function linesOf(objects: readonly JsonObject[], namespace = "shop"): Promise<readonly string[]> {
  const policies = await new ConfiguredPolicies(objects, "pratique-system").policiesFor(namespace);
  return policies.map(({ id, state }: TrustPolicy) => {
    const message = state.kind === "invalid" ? ` ${state.problems[0]?.message}` : "";
    return `${id.namespace === undefined ? "" : `${id.namespace}/`}${id.name} ${state.kind}${message}`;
  });
}

t.test("which policies count where, and which Secrets are theirs", async (t) => {
  const missing = (namespace: string): string => `invalid there is no Secret ${namespace}/cosign`;
  const cases: readonly (readonly [objects: readonly JsonObject[], namespace: string, lines: readonly string[]])[] = [
    [[], "shop", []],
    [[SECRET, SHOP, CLUSTER], "shop", ["release-keys ready", "shop/ours ready"]],
    [[SECRET, SHOP, CLUSTER], "bank", ["release-keys ready"]],
    [[SECRET, ANYWHERE], "bank", ["bank/anywhere ready"]],
    [[inNamespace("shop"), ANYWHERE, CLUSTER], "shop", [`release-keys ${missing("pratique-system")}`, "shop/anywhere ready"]],
    [[inNamespace("shop"), ANYWHERE], "bank", [`bank/anywhere ${missing("bank")}`]],
    [[inNamespace("pratique-system"), SHOP, CLUSTER], "shop", ["release-keys ready", `shop/ours ${missing("shop")}`]],
    [[inNamespace("kube-system", CLUSTER), SECRET], "shop", ["release-keys ready"]],
  ];
  for (const [objects, namespace, lines] of cases) t.strictSame(await linesOf(objects, namespace), lines);
  const policies = new ConfiguredPolicies([SECRET, SHOP], "pratique-system");
  t.equal(await policies.policiesFor("shop"), await policies.policiesFor("shop"), "resolved once");
});

t.test("the forms of a Secret", async (t) => {
  const { data: _, ...bare } = SECRET;
  const cases: readonly (readonly [secret: JsonObject, line: RegExp])[] = [
    [{ ...bare, stringData: { "cosign.pub": PEM } }, /ready/],
    [{ ...SECRET, stringData: { "cosign.pub": "other" } }, /invalid the Secret pratique-system\/cosign, key cosign\.pub, is not one PEM block/],
    [{ ...bare, data: { "cosign.pub": PEM } }, /invalid .* is not base64; in a file, write plain text under stringData/],
    [{ ...bare, data: { "cosign.pub": Buffer.from(PEM).toString("base64").replace(/.{64}/g, "$&\n") } }, /ready/],
    [bare, /invalid the Secret pratique-system\/cosign has no key cosign\.pub/],
  ];
  for (const [secret, line] of cases) t.match(await linesOf([CLUSTER, secret]), [line]);
});

t.test("a policy with a problem governs all the same, and what is no policy is an error", async (t) => {
  t.match(await linesOf([{ ...CLUSTER, spec: { mode: "warn" } }]), [/^release-keys invalid /]);
  const cases: readonly (readonly [object: JsonObject, message: RegExp])[] = [
    [{ ...CLUSTER, kind: "ClusterImagePolicy" }, /^"ClusterImagePolicy" "release-keys" .* is none of ClusterTrustPolicy \(pratique\.dev\/v1alpha1\)/],
    [{ ...CLUSTER, apiVersion: "pratique.dev/v1" }, /^"ClusterTrustPolicy" "release-keys" of apiVersion "pratique\.dev\/v1" is none of/],
    [{ ...SECRET, kind: "ConfigMap" }, /^"ConfigMap" "cosign"/],
    [{}, /^"" "" of apiVersion "" is none of/],
    [{ ...CLUSTER, metadata: {} }, /^a ClusterTrustPolicy has no metadata\.name$/],
  ];
  for (const [object, message] of cases) {
    t.throws(() => new ConfiguredPolicies([SECRET, object], "pratique-system"), { constructor: PolicyFileError, message });
  }
});
