import type { PolicyKind } from "../../src/trust/trust-policy.ts";

/** A rule of a CRD in CEL (Kubernetes, "Validation rules"). */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/**
 * What src/trust/rules.ts says of a policy, said a second time in CEL, so that the API server itself refuses it. The keys
 * are where in the schema each rule stands. Fields that do not exist cannot be named here: they are the webhook's to refuse.
 */
export function rulesOf(kind: PolicyKind): Readonly<Record<string, readonly Rule[]>> {
  return {
    spec: [
      {
        rule: "self.authorities.all(a, !has(a.name) || self.authorities.exists_one(b, has(b.name) && b.name == a.name))",
        message: "each authority that has a name has one of its own",
        fieldPath: ".authorities",
      },
      {
        rule: "self.threshold <= size(self.authorities)",
        message: "threshold is more than there are authorities: it could never be met",
        fieldPath: ".threshold",
      },
      {
        rule: "self.threshold == 1 || !self.authorities.exists(a, has(a.static))",
        message: "threshold counts signers, so it cannot be above 1 beside a static authority, which has none",
        fieldPath: ".threshold",
      },
    ],
    "spec.authorities[]": [
      { rule: "has(self.key) != has(self.static)", message: "needs exactly one of key and static; keyless authorities are not there yet" },
      { rule: "!has(self.static) || (!has(self.source) && !has(self.attestations))", message: "source and attestations have no use beside static, which looks nowhere" },
      ...(kind === "TrustPolicy" ? [NO_PASS] : []),
    ],
    "spec.authorities[].key": [
      { rule: "has(self.data) != has(self.secretRef)", message: "needs exactly one of data and secretRef; export a KMS key with `cosign public-key --key <the kms:// URI>`" },
    ],
  };
}

const NO_PASS: Rule = {
  rule: "!has(self.static) || self.static.action != 'pass'",
  message: "static.action pass is for a ClusterTrustPolicy: a TrustPolicy narrows what the cluster's policies allow",
  fieldPath: ".static.action",
};
