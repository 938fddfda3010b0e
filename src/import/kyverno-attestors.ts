import { field, type JsonObject, numberField, objectField, stringField } from "../json.ts";
import type { Path } from "../schema/problem.ts";
import { objectsIn, pemBlocks } from "./fields.ts";
import type { Findings } from "./finding.ts";

/** One set of attestors, and what its entries must have signed. */
export interface AttestorSet {
  readonly set: JsonObject;
  readonly path: Path;
  /** The type of the attestation; undefined: the image itself. */
  readonly attestation: string | undefined;
  /** Where signatures lie, unless an entry says so itself. */
  readonly repository: string | undefined;
}

interface Authorities {
  readonly authorities: readonly object[];
  readonly threshold: number;
}

/** Nothing but cosign's keys is carried; everything else that trusts somebody is left out, which trusts fewer. */
const LEFT_OUT = "is not carried: whoever it trusts is no longer trusted";

/**
 * The authorities of a set, and how many of them must have signed. Kyverno makes an entry of each key of a text before it
 * counts, and without a `count` all of them must have signed; one that is left out still counts, so that the policy is
 * never satisfied rather than satisfied by fewer.
 */
export function authoritiesOf({ set, path, attestation, repository }: AttestorSet, findings: Findings): Authorities {
  findings.unknown(set, ["count", "entries"], path);
  const entries = objectsIn(set, "entries").map((entry, i) => entryAuthorities(entry, [...path, "entries", i], findings));
  const count = numberField(set, "count") ?? 0;
  if (attestation !== undefined && entries.some((keys) => keys.length > 1)) {
    findings.add([...path, "entries"], "looser", "have several keys in one text, of which Kyverno does not count each for an attestation: give each an entry of its own");
  }
  const defaults = repository === undefined ? {} : { source: [{ oci: repository }] };
  const signed = attestation === undefined ? {} : { attestations: [{ predicateType: attestation }] };
  return {
    authorities: entries.flat().map((authority) => Object.assign({}, defaults, authority, signed)),
    threshold: count > 0 ? count : entries.reduce((sum, keys) => sum + Math.max(1, keys.length), 0),
  };
}

function entryAuthorities(entry: JsonObject, path: Path, findings: Findings): readonly object[] {
  findings.unknown(entry, ["keys", "keyless", "certificates", "attestor", "annotations", "repository"], path);
  for (const name of ["keyless", "certificates", "attestor"]) if (field(entry, name) !== undefined) findings.add([...path, name], "stricter", LEFT_OUT);
  if (field(entry, "annotations") !== undefined) findings.add([...path, "annotations"], "looser", "are not carried: a signature would pass whatever it is annotated with");
  const keys = objectField(entry, "keys");
  if (keys === undefined) return [];
  readLogs(keys, [...path, "keys"], findings);
  const hash = stringField(keys, "signatureAlgorithm");
  const repository = stringField(entry, "repository");
  const source = repository === undefined ? {} : { source: [{ oci: repository }] };
  return keysOf(keys, [...path, "keys"], findings).map((key) => Object.assign({ key: hash === undefined ? key : Object.assign({ hashAlgorithm: hash }, key) }, source));
}

function readLogs(keys: JsonObject, path: Path, findings: Findings): void {
  findings.unknown(keys, ["publicKeys", "secret", "kms", "signatureAlgorithm", "rekor", "ctlog"], path);
  if (field(objectField(keys, "rekor") ?? {}, "ignoreTlog") !== true) {
    findings.add([...path, "rekor"], "looser", "would no longer be asked for (Kyverno asks for a log entry unless `ignoreTlog: true`): with a key, this version looks at signatures alone");
  }
  // Its other fields are about certificates, which a key has none of.
  if (field(objectField(keys, "ctlog") ?? {}, "tsaCertChain") !== undefined) {
    findings.add([...path, "ctlog", "tsaCertChain"], "looser", "would no longer be asked for: with a key, this version looks at signatures alone, so one that was never time-stamped would pass");
  }
}

// The first that is there, in Kyverno's order.
function keysOf(keys: JsonObject, path: Path, findings: Findings): readonly object[] {
  const text = stringField(keys, "publicKeys") ?? "";
  const secret = objectField(keys, "secret");
  if (text !== "") return textKeys(text, [...path, "publicKeys"], findings);
  if (secret !== undefined) return [secretKey(stringField(secret, "name") ?? "", [...path, "secret"], findings)];
  findings.add([...path, "kms"], "stricter", "is left out, since no key service is asked: export the public key with `cosign public-key --key <the URI>`");
  return [];
}

function textKeys(text: string, path: Path, findings: Findings): readonly object[] {
  const ofSecret = /^k8s:\/\/[^/]+\/([^/]+)$/.exec(text.trim())?.[1];
  if (ofSecret !== undefined) return [secretKey(ofSecret, path, findings)];
  const blocks = pemBlocks(text);
  // What stands beside the blocks could be one key more: a variable, or one in a form that nobody here reads.
  const isAll = blocks.length > 0 && blocks.reduce((rest, block) => rest.replace(block.trim(), ""), text).trim() === "";
  if (isAll) return blocks.map((data) => ({ data }));
  findings.add(path, "stricter", "is not public keys in PEM and nothing else (a variable, or the URI of a key service?): it is left out; write the keys, which `cosign public-key --key <the URI>` exports");
  return [];
}

function secretKey(name: string, path: Path, findings: Findings): object {
  findings.add(path, "note", "names a Secret: copy it into the namespace that Pratique is installed in (for a TrustPolicy: into its own)");
  return { secretRef: { name, key: "cosign.pub" } };
}
