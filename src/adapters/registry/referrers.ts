import { type Descriptor, decodeDescriptor, ManifestError } from "../../image/manifest.ts";
import { documentKindOf } from "../../image/media-type.ts";
import { arrayField, parseDocumentObject, stringField } from "../../json.ts";

/** Longer than any `Link` in use, and short enough to be read at once. */
const MAX_LENGTH = 8192;

/**
 * The descriptors of one page of referrers (OCI distribution-spec, "Listing Referrers"). A malformed descriptor is left
 * out: it names nothing that could be fetched, and must not hide the others. Throws ManifestError when the page as a
 * whole is not an image index.
 */
export function decodeReferrers(bytes: Uint8Array, contentType: string | undefined): readonly Descriptor[] {
  const page = parseDocumentObject(bytes);
  if (page === undefined) throw new ManifestError("Malformed", "the list of referrers is not a JSON object");
  const manifests = arrayField(page, "manifests");
  const own = stringField(page, "mediaType");
  const isIndex = own === undefined ? documentKindOf(contentType ?? "") !== "manifest" : documentKindOf(own) === "index";
  if (manifests === undefined || !isIndex || Object.hasOwn(page, "layers") || Object.hasOwn(page, "config")) {
    throw new ManifestError("Malformed", "the list of referrers is not an image index");
  }
  return manifests.flatMap((value, i) => wellFormed(value, `manifests[${i}]`));
}

export type NextPage = { readonly kind: "none" } | { readonly kind: "page"; readonly query: string } | { readonly kind: "elsewhere" };

/**
 * Where a `Link` header (RFC 8288) says that the next page is. It is followed only to another query of the same page:
 * anything else is `elsewhere`, a list that goes on where we do not go.
 */
export function nextPage(link: string | readonly string[] | undefined, current: URL): NextPage {
  const text = (typeof link === "string" ? link : (link ?? []).join(",")).slice(0, MAX_LENGTH);
  const target = nextTarget(text);
  if (target === undefined) return { kind: "none" };
  const url = URL.parse(target, current.href);
  if (url === null || url.origin !== current.origin || url.pathname !== current.pathname) return { kind: "elsewhere" };
  return { kind: "page", query: url.search };
}

// `<target>; name=value; ..., <target>; ...`: each target lasts until the next "<".
function nextTarget(text: string): string | undefined {
  for (const part of text.split("<").slice(1)) {
    const end = part.indexOf(">");
    const isNext = part.slice(end + 1).split(/[;,]/).some((parameter) => /^\s*rel\s*=\s*"?\s*next\b/i.test(parameter));
    if (end >= 0 && isNext) return part.slice(0, end);
  }
  return undefined;
}

function wellFormed(value: unknown, where: string): readonly Descriptor[] {
  try {
    return [decodeDescriptor(value, where)];
  } catch (error) {
    if (error instanceof ManifestError) return [];
    throw error;
  }
}
