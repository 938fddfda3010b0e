import { arrayField, field, isObject, type JsonObject, stringField } from "../json.ts";
import { type Problem, pathText } from "../schema/problem.ts";

/** What is wrong with a registry's mirrors that no single field shows. */
export function mirrorProblems(registry: JsonObject, index: number): readonly Problem[] {
  const mirrors = (arrayField(registry, "mirrors") ?? []).filter(isObject);
  const locations = mirrors.map((mirror) => stringField(mirror, "location"));
  const problems = locations.flatMap((location, i): readonly Problem[] => {
    const path = pathText(["registries", index, "mirrors", i, "location"]);
    if (location === stringField(registry, "host")) return [{ path, message: "is the registry itself, which is asked after its mirrors anyway (`upstream`)" }];
    return locations.indexOf(location) === i ? [] : [{ path, message: "is listed twice" }];
  });
  return stringField(registry, "upstream") === "never" ? [...problems, ...unserved(mirrors, pathText(["registries", index, "upstream"]))] : problems;
}

// Nothing could pass, and the fault would be looked for in the registry.
function unserved(mirrors: readonly JsonObject[], path: string): readonly Problem[] {
  const serves = (name: string): boolean => mirrors.some((mirror) => field(mirror, name) !== false);
  const need = ["tags", "signatures"].find((name) => !serves(name));
  return need === undefined ? [] : [{ path, message: `is never, and no mirror has \`${need}: true\`; let one of \`mirrors\` have it, or ask the registry too (\`last\`)` }];
}
