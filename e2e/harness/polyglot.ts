// One document in two readings: a bundle that the real cosign made for one image, and a bare envelope that anybody could
// have written about another one.
import { join } from "node:path";
import { request } from "undici";
import { computeDigest, type Digest, hexOf } from "../../src/image/digest.ts";
import { OCI_MANIFEST } from "../../src/image/media-type.ts";
import { attestStatement, IN_TOTO } from "../../test/helpers/in-toto.ts";
import type { Author } from "./author.ts";
import { type Content, writeLayout } from "./content.ts";
import type { Folder } from "./folder.ts";
import type { Registry } from "./registries.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const ENVELOPE = "application/vnd.dsse.envelope.v1+json";
const EMPTY = "application/vnd.oci.empty.v1+json";

interface Listed {
  readonly manifests: readonly { readonly digest: Digest }[];
}

interface Carrier {
  readonly layers: readonly { readonly digest: Digest }[];
}

/** The bytes of the one bundle that is attached to a digest. */
export async function bundleOn({ host }: Registry, repository: string, subject: Digest): Promise<object> {
  const api = `http://${host}/v2/${repository}`;
  const [referrer] = ((await read(`${api}/referrers/${subject}`)) as Listed).manifests;
  const [layer] = ((await read(`${api}/manifests/${referrer?.digest}`)) as Carrier).layers;
  return (await read(`${api}/blobs/${layer?.digest}`)) as object;
}

/** The same bundle, which is an envelope with a statement about the victim as well, signed by nobody. */
export function withForgedEnvelope(bundle: object, victim: Digest, predicateType: string): Buffer {
  const statement = attestStatement("victim", [victim], predicateType, {});
  return Buffer.from(JSON.stringify({ ...bundle, payloadType: IN_TOTO, payload: Buffer.from(JSON.stringify(statement)).toString("base64"), signatures: [{ keyid: "", sig: "AAAA" }] }));
}

export interface Attaching {
  readonly author: Author;
  readonly folder: Folder;
  /** `host/repository`. */
  readonly repository: string;
  readonly subject: Digest;
}

/** Attaches the bytes as what they really are: a bundle that refers to its subject. */
export function attachAsBundle(bytes: Buffer, { author, folder, repository, subject }: Attaching, size: number): Promise<void> {
  return attach(author, folder, carrier(BUNDLE, bytes, { artifactType: BUNDLE, subject: { mediaType: OCI_MANIFEST, digest: subject, size } }), `${repository}:bundle`);
}

/** Attaches the bytes as an attestation of cosign 2's. */
export function attachAsAttestation(bytes: Buffer, { author, folder, repository, subject }: Attaching): Promise<void> {
  return attach(author, folder, carrier(ENVELOPE, bytes, {}), `${repository}:sha256-${hexOf(subject)}.att`);
}

async function attach(author: Author, folder: Folder, content: Content, reference: string): Promise<void> {
  const layout = join(folder.path, "layouts", hexOf(content.digest));
  await writeLayout(layout, content);
  await author.crane("push", layout, reference);
}

function carrier(mediaType: string, bytes: Buffer, more: object): Content {
  const config = Buffer.from("{}");
  const describe = (type: string, blob: Buffer) => ({ mediaType: type, digest: computeDigest("sha256", blob), size: blob.length });
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: describe(EMPTY, config), layers: [describe(mediaType, bytes)], ...more }));
  const blobs = [config, bytes, manifest].map((blob) => [computeDigest("sha256", blob), blob] as const);
  return { digest: computeDigest("sha256", manifest), platforms: new Map(), blobs: new Map(blobs), mediaType: OCI_MANIFEST };
}

async function read(url: string): Promise<unknown> {
  const response = await request(url, { headers: { accept: `${OCI_MANIFEST}, */*` } });
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  return response.body.json();
}
