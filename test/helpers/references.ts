import { readFileSync } from "node:fs";
import type { ReferenceFault } from "../../src/image/reference.ts";

/** A well-formed reference and how it is read. */
export interface WellFormed {
  readonly text: string;
  readonly host: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** A text that is no reference, and the code that says why. */
export interface Malformed {
  readonly text: string;
  readonly code: ReferenceFault;
  /** `accepts` where our parser is the stricter one; otherwise both refuse it. */
  readonly distribution?: "accepts";
}

interface Corpus {
  readonly valid: readonly WellFormed[];
  readonly malformed: readonly Malformed[];
}

const FILE = new URL("../fixtures/references.json", import.meta.url);

/** The corpus of references, with the cases at the limits of length, which nobody wants to read in a file. */
export function referenceCorpus(): Corpus {
  const written = JSON.parse(readFileSync(FILE, "utf8")) as Corpus;
  const long = (length: number): string => `${"a/".repeat(Math.floor((length - 1) / 2))}${"a".repeat(2 - (length % 2))}`;
  const host = Array.from({ length: 25 }, () => "registry").join(".");
  return {
    valid: [
      ...written.valid,
      { text: `x.y/${long(255)}`, host: "x.y", path: long(255), tag: "latest" },
      { text: `${host}/${long(255)}:v1`, host, path: long(255), tag: "v1" },
      { text: "a".repeat(247), host: "docker.io", path: `library/${"a".repeat(247)}`, tag: "latest" },
      { text: `web:${"a".repeat(128)}`, host: "docker.io", path: "library/web", tag: "a".repeat(128) },
    ],
    malformed: [
      ...written.malformed,
      { text: `x.y/${long(256)}`, code: "TooLong" },
      { text: "a".repeat(248), code: "TooLong" },
      { text: "a".repeat(2000), code: "TooLong" },
      { text: `${"a.".repeat(600)}a/web`, code: "TooLong", distribution: "accepts" },
    ],
  };
}
