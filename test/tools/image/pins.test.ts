import t from "tap";
import { pinOf } from "../../../tools/image-pins.ts";
import { PACKAGES } from "../../../tools/image/debian.ts";
import { pinsFor, SNAPSHOT } from "../../../tools/image/pins.ts";
import { PLATFORMS } from "../../../tools/image/platform.ts";

const SHA256 = "5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d";
const LINE = `'http://deb.debian.org/debian/pool/main/g/gcc-12/libstdc%2b%2b6_12.2.0-14%2bdeb12u1_amd64.deb' libstdc++6_12.2.0-14+deb12u1_amd64.deb 612604 SHA256:${SHA256}`;

t.test("what apt prints of a package is a pin", (t) => {
  t.strictSame(pinOf(LINE), {
    name: "libstdc++6",
    version: "12.2.0-14+deb12u1",
    architecture: "amd64",
    archive: "debian",
    path: "pool/main/g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb",
    sha256: SHA256,
  });
  t.match(pinOf(LINE.replace("/debian/", "/debian-security/")), { archive: "debian-security" });
  t.match(pinOf(LINE.replace("libstdc++6_12", "libstdc++6_1%3a12")), { version: "1:12.2.0-14+deb12u1" }, "with an epoch");
  for (const line of ["Reading package lists...", "", LINE.replace("SHA256", "MD5Sum"), LINE.replace("pool/", "other/")]) t.equal(pinOf(line), undefined, line);
  t.end();
});

t.test("each package is pinned for each platform, in the same version", (t) => {
  const [versions, ...others] = PLATFORMS.map((platform) => pinsFor(platform).map(({ name, version }) => `${name} ${version}`));
  t.strictSame(versions?.map((text) => text.split(" ")[0]), [...PACKAGES]);
  for (const other of others) t.strictSame(other, versions);
  for (const pin of PLATFORMS.flatMap(pinsFor)) {
    t.match(pin.sha256, /^[0-9a-f]{64}$/);
    t.ok(pin.path.endsWith(`/${pin.name}_${pin.version.replace(/^\d+:/, "")}_${pin.architecture}.deb`), pin.path);
  }
  t.match(SNAPSHOT, /^\d{8}T\d{6}Z$/);
  t.end();
});
