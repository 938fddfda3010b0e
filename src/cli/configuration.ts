import { readFile } from "node:fs/promises";

import { type Config, ConfigError, type Flags, parseConfig } from "../config.ts";
import { messageOf } from "../errors.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The configuration of `--config FILE`; the defaults when there is none. Throws UsageError with everything that is
 * wrong with it.
 */
export async function readConfig(file: string | undefined, flags: Flags = {}): Promise<Config> {
  try {
    return parseConfig(file === undefined ? "" : await readText(file), file ?? "the command line", flags);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`the configuration ${file} cannot be read: ${messageOf(error)}`);
  }
}
