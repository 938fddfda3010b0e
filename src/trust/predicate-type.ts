/** The short names that `cosign attest --type` takes, and what it writes for each. */
export const PREDICATE_NAMES: ReadonlyMap<string, string> = new Map([
  ["custom", "https://cosign.sigstore.dev/attestation/v1"],
  ["cyclonedx", "https://cyclonedx.org/bom"],
  ["link", "https://in-toto.io/Link/v1"],
  ["openvex", "https://openvex.dev/ns"],
  ["slsaprovenance", "https://slsa.dev/provenance/v0.2"],
  ["slsaprovenance02", "https://slsa.dev/provenance/v0.2"],
  ["slsaprovenance1", "https://slsa.dev/provenance/v1"],
  ["spdx", "https://spdx.dev/Document"],
  ["spdxjson", "https://spdx.dev/Document"],
  ["vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"],
]);

/** The URI that a name stands for, or the URI itself. */
export function predicateTypeOf(text: string): string {
  return PREDICATE_NAMES.get(text) ?? text;
}
