import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { INDEX_RULES } from "../image/index.ts";
import type { PolicyFormat } from "./format.ts";

export const POLICY_GROUP = "pratique.dev";
export const POLICY_VERSION = "v1alpha1";
/** The `apiVersion` of a policy. */
export const POLICY_API_VERSION = `${POLICY_GROUP}/${POLICY_VERSION}` as const;
export const HASH_ALGORITHMS = ["sha256", "sha384", "sha512"] as const;

const text = (format: PolicyFormat, description: string, maxLength: number) => Type.String({ description, format, minLength: 1, maxLength });

function group<Fields extends TProperties>(description: string, fields: Fields, refused: Readonly<Record<string, string>> = {}) {
  return Type.Object(fields, { description, additionalProperties: false, "x-refused": refused });
}

function list<Item extends TSchema>(item: Item, description: string, maxItems: number) {
  return Type.Array(item, { description, minItems: 1, maxItems });
}

const LATER = "is not there yet: this version verifies signatures made with keys alone";
const NO_PREDICATE_POLICY = "is not supported: a predicate's content is not looked at (no CEL, CUE or Rego); ask for its `predicateType`, and let whoever attests decide whether to";

const secretRef = group(
  "A key in a Secret of the policy's own namespace (a ClusterTrustPolicy: the namespace that Pratique is installed in).",
  {
    name: text("secretName", "Name of the Secret.", 253),
    key: Type.String({ description: "Key of the PEM block in it.", format: "secretKey" satisfies PolicyFormat, minLength: 1, maxLength: 253, default: "cosign.pub" }),
  },
  { namespace: "is not allowed: a Secret is read from the policy's own namespace only (a ClusterTrustPolicy's from the one that Pratique is installed in)" },
);

const key = group(
  "A public key: one of `data` and `secretRef`.",
  {
    data: Type.Optional(Type.String({ description: "The key itself, one PEM block (`PUBLIC KEY`).", minLength: 1, maxLength: 16_384 })),
    secretRef: Type.Optional(secretRef),
    hashAlgorithm: Type.Optional(
      Type.Enum([...HASH_ALGORITHMS], {
        description: "The only hash that counts with an ECDSA or RSA key. Without it: what cosign uses for that kind of key, in either of its formats.",
      }),
    ),
  },
  { kms: "is not supported: Pratique asks no key service. Export the public key with `cosign public-key --key <the kms:// URI>` and give it as `data` or in a Secret" },
);

const fixed = group("An answer without a look.", {
  action: Type.Enum(["pass", "fail"], { description: "`pass` admits whatever matches, and never asks a registry (ClusterTrustPolicy alone); `fail` refuses it." }),
  message: Type.Optional(text("line", "What a refusal says, in one line.", 1024)),
});

const source = group("Where signatures lie.", {
  oci: text("repository", "Repository that is asked in place of the image's own (what `COSIGN_REPOSITORY` was when signing).", 512),
  tagPrefix: Type.Optional(text("tagPrefix", "Text before the `sha256-...` of cosign's `.sig` and `.att` tags.", 32)),
  signaturePullSecrets: Type.Optional(
    list(group("A pull secret.", { name: text("secretName", "Name of the Secret.", 253) }), "Pull secrets for that repository, of the policy's own namespace. Without them: the credentials that the image has.", 8),
  ),
});

const attestation = group(
  "An attestation that must be there.",
  {
    name: Type.Optional(text("authorityName", "For people.", 63)),
    predicateType: text("predicateType", "Its predicate type: a URI, or the name that `cosign attest --type` takes.", 512),
  },
  { policy: NO_PREDICATE_POLICY },
);

const authority = group(
  "One way to be trusted: exactly one of `key` and `static`.",
  {
    name: Type.Optional(text("authorityName", "Name of the authority in messages. Without one: `authority-0` and so on.", 63)),
    key: Type.Optional(key),
    static: Type.Optional(fixed),
    source: Type.Optional(list(source, "Other repositories to look for signatures in. They replace the image's own.", 8)),
    attestations: Type.Optional(list(attestation, "Attestations that this authority must have signed, each of its type. No signature is needed besides.", 16)),
  },
  {
    keyless: LATER,
    ctlog: LATER,
    rfc3161timestamp: LATER,
    signatureFormat: "has no use: signatures of every format are found and count",
  },
);

/** What a policy asks for. CRDs, decoder and documentation are made from it. */
export const PolicySpecSchema = group(
  "What images must carry.",
  {
    images: list(
      group("Images.", { glob: text("glob", "`*` stands for anything inside one path segment, `**` for anything. Docker Hub is `docker.io`.", 512) }),
      "The images that are governed: those that any of these globs matches.",
      64,
    ),
    authorities: list(authority, "Who may sign. Any of them satisfies the policy.", 32),
    threshold: Type.Integer({ description: "How many distinct keys must have signed.", minimum: 1, maximum: 32, default: 1 }),
    index: Type.Optional(Type.Enum([...INDEX_RULES], { description: "Which parts of a multi-platform image must be signed. Without it: what the namespace asks for." })),
  },
  {
    mode: "is not supported: whether a violation refuses, warns or is recorded is said by the labels of the namespace (pratique.dev/enforce, warn, audit)",
    match: "is not supported: a policy governs by image alone, since the labels of a workload are written by whoever it is meant to hold back",
    policy: NO_PREDICATE_POLICY,
  },
);

export type PolicySpec = Static<typeof PolicySpecSchema>;
