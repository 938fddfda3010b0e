// The list of contents against what SPDX 2.3 demands (https://spdx.github.io/spdx-spec/v2.3/), section by section.
import t from "tap";
import { computeDigest } from "../../../src/image/digest.ts";
import type { Contents } from "../../../tools/image/contents.ts";
import { dependenciesIn } from "../../../tools/image/dependencies.ts";
import { readLock } from "../../../tools/image/lock.ts";
import { pinsFor } from "../../../tools/image/pins.ts";
import { PLATFORMS } from "../../../tools/image/platform.ts";
import { sbomOf } from "../../../tools/image/sbom.ts";

interface Document {
  readonly spdxVersion: string;
  readonly dataLicense: string;
  readonly SPDXID: string;
  readonly name: string;
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly Package[];
  readonly relationships: readonly { readonly spdxElementId: string; readonly relationshipType: string; readonly relatedSpdxElement: string }[];
}

interface Package {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: string;
  readonly licenseDeclared: string;
  readonly checksums: readonly { readonly algorithm: "SHA256" | "SHA512"; readonly checksumValue: string }[] | undefined;
  readonly externalRefs: readonly { readonly referenceType: string; readonly referenceLocator: string }[] | undefined;
}

const lock = readLock();
const inputs = ["src/main.ts", "node_modules/undici/index.js", "node_modules/undici/lib/api.js", "node_modules/@kubernetes/client-node/dist/index.js"];
const dependencies = await dependenciesIn(inputs, lock);
const digest = computeDigest("sha256", Buffer.from("manifest"));

t.test("only what was bundled is a dependency, once, with its licence's text", (t) => {
  t.strictSame(dependencies.map(({ name }) => name), ["@kubernetes/client-node", "undici"]);
  t.equal(dependencies[1]?.version, lock("node_modules/undici").version);
  for (const { licenseText } of dependencies) t.match(licenseText, /licen[cs]e/i);
  t.throws(() => lock("node_modules/left-pad"), /does not pin/);
  t.end();
});

for (const platform of PLATFORMS) {
  const contents: Contents = { platform, parts: [], node: lock(`node_modules/${platform.nodePackage}`), debian: pinsFor(platform), dependencies };
  const manifest = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 8 };
  const document = sbomOf(contents, manifest, { revision: "abc", created: new Date(1_700_000_000_000) }) as Document;
  const { packages, relationships } = document;

  t.test(`the document of ${platform.architecture} (section 6)`, (t) => {
    t.match(document, { spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT" });
    t.ok(URL.canParse(document.documentNamespace), "a namespace of its own, an absolute URI");
    t.notMatch(document.documentNamespace, "#");
    t.match(document.documentNamespace, digest.slice(7));
    t.equal(document.creationInfo.created, "2023-11-14T22:13:20Z", "the time of the commit, in the one format that there is");
    for (const creator of document.creationInfo.creators) t.match(creator, /^(Person|Organization|Tool): \S/);
    t.end();
  });

  t.test(`the packages of ${platform.architecture} (section 7)`, (t) => {
    const ids = packages.map(({ SPDXID }) => SPDXID);
    t.equal(new Set(ids).size, ids.length, "each has a name of its own");
    for (const { SPDXID, name, versionInfo, downloadLocation, licenseDeclared, checksums = [], externalRefs = [] } of packages) {
      t.match(SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/, name);
      t.notMatch([name, versionInfo], "");
      t.equal(downloadLocation, "NOASSERTION");
      t.match(licenseDeclared, /^\(?[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*\)?$/, `a licence expression: ${licenseDeclared}`);
      for (const { algorithm, checksumValue } of checksums) t.match(checksumValue, algorithm === "SHA256" ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{128}$/);
      for (const { referenceType, referenceLocator } of externalRefs) t.match(referenceLocator, referenceType === "purl" ? /^pkg:(oci|npm|deb)\/[^\s+]+@[^\s+]+$/ : /^cpe:2\.3:a:(?:[^:]+:){3}(?:\*:){6}\*$/);
    }
    t.end();
  });

  t.test(`the relationships of ${platform.architecture} (section 11)`, (t) => {
    const [first, ...rest] = relationships;
    t.match(first, { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: packages[0]?.SPDXID });
    t.ok(rest.every(({ spdxElementId, relationshipType }) => spdxElementId === packages[0]?.SPDXID && relationshipType === "CONTAINS"));
    t.strictSame(rest.map(({ relatedSpdxElement }) => relatedSpdxElement), packages.slice(1).map(({ SPDXID }) => SPDXID), "every part is in the image");
    t.end();
  });

  t.test(`package URLs of ${platform.architecture}`, (t) => {
    const locators = packages.flatMap(({ externalRefs = [] }) => externalRefs.map(({ referenceLocator }) => referenceLocator));
    const libstdcxx = pinsFor(platform).find(({ name }) => name === "libstdc++6");
    t.ok(locators.includes(`pkg:deb/debian/libstdc%2B%2B6@${libstdcxx?.version.replaceAll("+", "%2B")}?arch=${platform.architecture}&distro=debian-12`));
    t.ok(locators.some((locator) => locator.startsWith("pkg:npm/%40kubernetes/client-node@")));
    t.ok(locators.some((locator) => locator.startsWith("cpe:2.3:a:nodejs:node.js:24.")));
    t.end();
  });
}
