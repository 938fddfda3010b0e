import { readFileSync } from "node:fs";
import t from "tap";
import { COLD_LAYOUTS, coldCost } from "../helpers/cold-layouts.ts";
import { startRegistry } from "../helpers/registry-double.ts";
import { registryClient } from "../helpers/registry-client.ts";

t.test("docs/performance.md has the exact requests and rounds of each layout", async (t) => {
  const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8");
  const table = /<!-- cold -->\n([^]*?)\n<!-- \/cold -->/.exec(page)?.[1] ?? "";
  const measured = ["| layout | by tag: requests | rounds | by digest: requests | rounds |", "|---|---|---|---|---|"];
  for (const { name, api, rule, build } of COLD_LAYOUTS) {
    const registry = await startRegistry({ referrers: api === "with" });
    t.teardown(() => registry.close());
    const digest = build(registry);
    const client = registryClient(t, registry);
    const measure = async (target: string, level: "signed" | "verified" = "signed"): Promise<string> => {
      const { requests, rounds } = await coldCost({ registry, client, target, level, rule });
      return `${requests} | ${rounds}`;
    };
    const [byTag, byDigest] = [await measure(":v1"), await measure(`@${digest}`)];
    measured.push(`| ${name} | ${byTag} | ${byDigest} |`);
    // Without a cache a refusal looks twice, since it may not rest on what was kept.
    if (name !== "unsigned") t.same([await measure(":v1", "verified"), await measure(`@${digest}`, "verified")], [byTag, byDigest], `${name}: a key's verification costs no request`);
  }
  t.equal(table, measured.join("\n"));
});
