import { generateSigningKey } from "../helpers/signing-key.ts";

export const [A = "", B = ""] = [1, 2].map(() => generateSigningKey().publicKey);

/** Minimal documents of other tools, each of which becomes one policy. */
export const CIP = {
  apiVersion: "policy.sigstore.dev/v1beta1",
  kind: "ClusterImagePolicy",
  metadata: { name: "release" },
  spec: { images: [{ glob: "ghcr.io/acme/**" }], authorities: [{ name: "release", key: { data: A } as object } as object] },
};

export const KYVERNO = {
  apiVersion: "kyverno.io/v1",
  kind: "ClusterPolicy",
  metadata: { name: "release" },
  spec: {
    rules: [
      {
        name: "signed",
        match: { any: [{ resources: { kinds: ["Pod"] } }] },
        verifyImages: [{ imageReferences: ["ghcr.io/acme/*"], attestors: [{ entries: [{ keys: { publicKeys: A, rekor: { ignoreTlog: true } } as object }] as object[] }] as object[] }],
      },
    ],
  },
};

export const CONNAISSEUR = {
  application: {
    validators: [
      { name: "allow", type: "static", approve: true },
      { name: "deny", type: "static", approve: false },
      { name: "ours", type: "cosign", trustRoots: [{ name: "default", key: A }, { name: "second", key: B }] },
    ],
    policy: [{ pattern: "harbor.example.com/shop/*:*", validator: "ours", with: { verifyInTransparencyLog: false } as object }] as object[],
  },
};
