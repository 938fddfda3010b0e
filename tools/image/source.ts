// What the image says of where it comes from. The same commit gives the same words, on every machine and at any time.
import { ROOT } from "../build.ts";
import { run } from "./command.ts";

export interface Source {
  /** The commit; with `-dirty` when the checkout differs from it. Undefined outside a repository. */
  readonly revision: string | undefined;
  /** When the commit was made, in UTC; `SOURCE_DATE_EPOCH` (seconds) overrides it. */
  readonly created: Date;
}

export async function readSource(): Promise<Source> {
  const commit = await git("log", "-1", "--format=%H %ct");
  const [hash, seconds] = commit?.split(" ") ?? [];
  const isDirty = ((await git("status", "--porcelain")) ?? "") !== "";
  return {
    revision: hash === undefined ? undefined : `${hash}${isDirty ? "-dirty" : ""}`,
    created: parseSeconds(process.env["SOURCE_DATE_EPOCH"] ?? seconds ?? "0"),
  };
}

function parseSeconds(text: string): Date {
  if (!/^\d{1,11}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH is \`${text}\`, and must be seconds since 1970`);
  return new Date(Number(text) * 1000);
}

/** `2026-11-26T07:24:00Z` */
export function timeText(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}

async function git(...args: readonly string[]): Promise<string | undefined> {
  return run("git", args, { cwd: ROOT }).then((output) => output.toString("utf8").trim(), () => undefined);
}
