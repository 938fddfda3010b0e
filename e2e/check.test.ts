// `pratique check` on what the real cosigns wrote: which layout it takes it for, where it found it, and what it claims.
import { join } from "node:path";
import t from "tap";
import { stringify } from "yaml";
import { createAuthor, LAYOUTS, SIGNERS } from "./harness/author.ts";
import { publish } from "./harness/catalogue.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { CHECKOUT, registrySettings } from "./harness/pratique.ts";
import { execute } from "./harness/process.ts";
import { REGISTRY_NAMES, startRegistry } from "./harness/registries.ts";
import { PLANS } from "./plans.ts";

interface CheckedImage {
  readonly reference: string;
  readonly digest: string | null;
  readonly verdict: string;
  readonly reason: string;
  readonly candidates: readonly { readonly subject: string; readonly layout: string; readonly location: string; readonly claim: string | null }[];
}

t.plan(PLANS.check);

const folder = await temporaryFolder();
const registries = await Promise.all(REGISTRY_NAMES.map(startRegistry));
t.teardown(async () => {
  await Promise.all(registries.map((registry) => registry.stop()));
  await folder.remove();
});
const signed = SIGNERS.flatMap((by) => LAYOUTS.map((layout) => ({ layout, name: `${by}-${layout}` })));
const others = ["unsigned", "attested-by-cosign3", "index-recursive-cosign3"];
const author = await createAuthor(folder, registries);
const digests = await publish(author, folder, registries, [...signed.map(({ name }) => name), ...others]);
const config = await folder.write("pratique.yaml", stringify({ registries: registries.map(registrySettings) }));

for (const { name: registry, host } of registries) {
  t.test(`signatures in the registry "${registry}"`, async (t) => {
    const { status, images } = await check(signed.map(({ name }) => `${host}/${name}:1`));
    t.equal(status, 0, "all of them pass");
    for (const [i, { layout, name }] of signed.entries()) {
      const digest = digests.get(name) ?? "";
      const location = locationOf(layout, registry);
      t.match(images[i], { reference: `${host}/${name}:1`, digest, verdict: "trusted", reason: "Signed" }, name);
      t.match(images[i]?.candidates, [{ subject: digest, layout, location, claim: digest }], `${name} is found by ${location}`);
    }
  });
}

t.test("what is there instead of a signature, and how it ends", async (t) => {
  const host = registries[0]?.host ?? "";
  const attested = await check([`${host}/attested-by-cosign3:1`]);
  t.equal(attested.status, 1);
  t.match(attested.images, [{ verdict: "untrusted", reason: "Unsigned", candidates: [{ layout: "attestation", location: "referrers" }] }]);
  const nowhere = await check(["127.0.0.1:1/web:1"]);
  t.equal(nowhere.status, 2);
  t.match(nowhere.images, [{ digest: null, verdict: "undetermined", reason: "RegistryUnavailable" }]);
  const index = await check([`${host}/index-recursive-cosign3:1`, `${host}/unsigned:1`]);
  t.equal(index.status, 1, "one of two is enough");
  t.equal(index.images[0]?.candidates.length, 3, "the index and both of its platforms are signed");
});

function locationOf(layout: string, registry: string): string {
  if (layout === "simple-signing") return "sig-tag";
  return registry === "referrers" ? "referrers" : "referrers-tag";
}

async function check(references: readonly string[]): Promise<{ readonly status: number | null; readonly images: readonly CheckedImage[] }> {
  const args = [join(CHECKOUT, "src/main.ts"), "check", "--config", config, "--output", "json", ...references];
  const { status, stdout } = await execute(process.execPath, args, { env: { DOCKER_CONFIG: join(folder.path, "docker") } });
  return { status, images: (JSON.parse(stdout) as { readonly images: readonly CheckedImage[] }).images };
}
