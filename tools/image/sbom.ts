// The image's list of contents, as SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/).
import { hexOf } from "../../src/image/digest.ts";
import { VERSION } from "../../src/version.ts";
import type { Descriptor } from "./blob.ts";
import type { Contents } from "./contents.ts";
import type { LockedPackage } from "./lock.ts";
import { DISTRIBUTION, type Pin } from "./pins.ts";
import { type Platform, platformName } from "./platform.ts";
import { type Source, timeText } from "./source.ts";

interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly primaryPackagePurpose: "CONTAINER" | "APPLICATION" | "LIBRARY" | "OPERATING-SYSTEM";
  readonly downloadLocation: "NOASSERTION";
  readonly filesAnalyzed: false;
  readonly licenseConcluded: "NOASSERTION";
  readonly licenseDeclared: string;
  readonly copyrightText: "NOASSERTION";
  readonly checksums?: readonly { readonly algorithm: "SHA256" | "SHA512"; readonly checksumValue: string }[];
  readonly externalRefs?: readonly ExternalRef[];
  readonly comment?: string;
}

interface ExternalRef {
  readonly referenceCategory: "PACKAGE-MANAGER" | "SECURITY";
  readonly referenceType: "purl" | "cpe23Type";
  readonly referenceLocator: string;
}

/** The list for the image that a manifest names. */
export function sbomOf(contents: Contents, manifest: Descriptor, source: Source): object {
  const { platform } = contents;
  const image = imagePackage(platform, manifest);
  const parts = [pratiquePackage(), nodePackage(contents.node), ...contents.debian.map(debianPackage), ...contents.dependencies.map(npmPackage)];
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `pratique ${VERSION} for ${platformName(platform)}`,
    documentNamespace: `https://pratique.dev/spdx/${VERSION}/${platformName(platform)}/${hexOf(manifest.digest)}`,
    creationInfo: { created: timeText(source.created), creators: [`Tool: pratique-image-${VERSION}`] },
    packages: [image, ...parts],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: image.SPDXID },
      ...parts.map(({ SPDXID }) => ({ spdxElementId: image.SPDXID, relationshipType: "CONTAINS", relatedSpdxElement: SPDXID })),
    ],
  };
}

function imagePackage({ architecture }: Platform, { digest }: Descriptor): SpdxPackage {
  return {
    ...common("image", "pratique", VERSION),
    primaryPackagePurpose: "CONTAINER",
    checksums: [{ algorithm: "SHA256", checksumValue: hexOf(digest) }],
    externalRefs: [purl(`pkg:oci/pratique@${encodeURIComponent(digest)}?arch=${architecture}`)],
  };
}

function pratiquePackage(): SpdxPackage {
  return { ...common("program", "pratique", VERSION), primaryPackagePurpose: "APPLICATION", licenseDeclared: "Apache-2.0" };
}

function nodePackage({ name, version, sha512 }: LockedPackage): SpdxPackage {
  return {
    ...common("node", "node", version),
    primaryPackagePurpose: "APPLICATION",
    comment: `From the npm package ${name}; licences in /usr/share/doc/nodejs/LICENSE.`,
    checksums: [{ algorithm: "SHA512", checksumValue: sha512 }],
    externalRefs: [
      purl(`pkg:npm/${name}@${version}`),
      { referenceCategory: "SECURITY", referenceType: "cpe23Type", referenceLocator: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` },
    ],
  };
}

function debianPackage({ name, version, architecture, sha256 }: Pin): SpdxPackage {
  return {
    ...common("debian", name, version),
    primaryPackagePurpose: name === "base-files" ? "OPERATING-SYSTEM" : "LIBRARY",
    comment: "Licences in /usr/share/doc.",
    checksums: [{ algorithm: "SHA256", checksumValue: sha256 }],
    externalRefs: [purl(`pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${DISTRIBUTION}`)],
  };
}

function npmPackage({ name, version, license, sha512 }: LockedPackage): SpdxPackage {
  return {
    ...common("npm", name, version),
    primaryPackagePurpose: "LIBRARY",
    licenseDeclared: license ?? "NOASSERTION",
    checksums: [{ algorithm: "SHA512", checksumValue: sha512 }],
    externalRefs: [purl(`pkg:npm/${name.split("/").map(encodeURIComponent).join("/")}@${version}`)],
  };
}

function common(kind: string, name: string, version: string) {
  return {
    // Letters, numbers, dots and hyphens (section 7.2).
    SPDXID: `SPDXRef-${`${kind}-${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]+/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
  } as const;
}

function purl(referenceLocator: string): ExternalRef {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator };
}
