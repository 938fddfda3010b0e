import { LineCounter, parseDocument } from "yaml";
import { messageOf } from "../errors.ts";
import type { Problem } from "../schema/problem.ts";
import { ConfigError } from "./problem.ts";

/** More than any configuration; a file that is larger is not one. */
const MAX_LENGTH = 1024 * 1024;
const MAX_ALIASES = 100;

/** Parses one YAML 1.2 document without duplicate keys. Throws ConfigError with the line and column of every fault. */
export function parseYaml(text: string, source: string): unknown {
  if (text.length > MAX_LENGTH) throw new ConfigError(source, [{ path: "", message: "is larger than 1 MiB" }]);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, uniqueKeys: true, version: "1.2" });
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }): Problem => {
    const { line, col } = lineCounter.linePos(pos[0]);
    return { path: `line ${line}, column ${col}`, message };
  });
  if (problems.length > 0) throw new ConfigError(source, problems);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    // Aliases within aliases, which a small file could blow up memory with.
    throw new ConfigError(source, [{ path: "", message: messageOf(cause) }]);
  }
}
