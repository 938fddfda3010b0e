// docs/doctor.md against the code, and what the doctor was tested with against what the repository says elsewhere.
import { readFileSync } from "node:fs";
import t from "tap";
import { parse } from "yaml";
import { CODES } from "../../src/doctor/code.ts";
import { TESTED_MINORS } from "../../src/doctor/tested-versions.ts";
import { ASKABLE } from "../../src/doctor/trial.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const section = (heading: string): string => read("docs/doctor.md").split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
const rows = (heading: string): readonly (readonly string[])[] => section(heading).split("\n").flatMap((line) => (line.startsWith("| `") ? [line.split("|").slice(1, -1).map((cell) => cell.trim())] : []));

t.test("docs/doctor.md lists the codes of the program with their severities, in its order, and no other", async (t) => {
  t.same(rows("Findings").map(([code = "", severities = ""]) => [code.replaceAll("`", ""), severities.split(", ")]), Object.entries(CODES));
});

t.test("it lists what can be asked", async (t) => {
  t.same(rows("How the webhook is asked").map(([word = ""]) => word.replaceAll("`", "")), ASKABLE);
});

t.test("the versions of Kubernetes are those of the chart and of the end-to-end tests", async (t) => {
  const { kubeVersion } = parse(read("charts/pratique/Chart.yaml")) as { readonly kubeVersion: string };
  t.match(kubeVersion, new RegExp(`^>=1\\.${TESTED_MINORS.oldest}\\.`));
  t.match(read("e2e/programs/kubernetes/go.mod"), new RegExp(`\\bk8s\\.io/kubernetes v1\\.${TESTED_MINORS.newest}\\.`));
});
