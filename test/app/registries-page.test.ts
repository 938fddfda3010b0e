import { readFileSync } from "node:fs";
import t from "tap";
import { parseConfig } from "../../src/config.ts";

const page = readFileSync(new URL("../../docs/registries.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = ""]) => text);

t.test("every example of docs/registries.md is a configuration that can be used", async (t) => {
  t.ok(examples.length > 0);
  for (const text of examples) {
    t.doesNotThrow(() => parseConfig(text, "docs/registries.md"), text);
    t.ok(parseConfig(text, "docs/registries.md").registries.length > 0);
  }
});
