// Prints each failing assertion as it comes and closes with one line that a machine and a person both read.
// A Transform, because tap pipes into its reporter and expects something readable behind it.
import { Transform, type TransformCallback } from "node:stream";
import { styleText } from "node:util";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const INDENT = 4;
/** Of what failed, at the end: whoever sees no more than the last lines of a long run sees why it failed. */
const REPEATED = { failures: 20, characters: 2000 } as const;
const SUBTEST = /^( *)# Subtest: (.*)$/;
const LEAF = /^ {4,}(not )?ok \d+(?: - (.*?))?(?: # (time|skip|todo)\b.*)?( \{)?$/i;
const FILE = /^(not )?ok \d+ - (.*?)(?: # (time=[\d.]+m?s|skip.*|todo.*))?( \{)?$/i;

/** A TAP stream in, a report for people out. */
export default class TapReporter extends Transform {
  readonly #counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  /** The subtests around the current line, outermost first. */
  readonly #path: string[] = [];
  readonly #failures: string[] = [];
  #rest = "";
  #inFailure = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const lines = (this.#rest + chunk.toString("utf8")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#rest !== "") this.#line(this.#rest);
    const { passed, failed, skipped } = this.#counts;
    this.#repeat();
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    this.push(`\n${passed} passed, ${failed} failed${tail}\n`);
    done();
  }

  #repeat(): void {
    if (this.#failures.length === 0) return;
    const shown = this.#failures.slice(0, REPEATED.failures).map((words) => `  ${words.slice(0, REPEATED.characters)}\n`);
    const more = this.#failures.length - shown.length;
    this.push(`\nFailed:\n${shown.join("")}${more > 0 ? `  and ${more} more\n` : ""}`);
  }

  #line(line: string): void {
    const subtest = SUBTEST.exec(line);
    if (subtest !== null) {
      this.#path.splice((subtest[1] ?? "").length / INDENT, Infinity, subtest[2] ?? "");
      return;
    }
    const leaf = LEAF.exec(line);
    if (leaf !== null) return this.#count(line, leaf);
    const file = FILE.exec(line);
    if (file !== null) return this.#file(line, file);
    if (line.startsWith("Bail out!")) {
      this.#counts.failed += 1;
      this.#failures.push(line);
      this.push(`${line}\n`);
      return;
    }
    if (this.#inFailure || line.startsWith("#   ")) this.push(`${line}\n`);
  }

  #count(line: string, match: RegExpExecArray): void {
    // A line that opens a block (" {") or closes a subtest sums up assertions that are counted themselves. What fails with words
    // that end like that is no block: better counted twice than not at all.
    const isBlock = match[4] !== undefined && match[1] === undefined;
    if (isBlock || match[3]?.toLowerCase() === "time") {
      this.#inFailure = false;
      return;
    }
    this.#inFailure = match[1] !== undefined;
    if (match[3]?.toLowerCase() === "skip" || match[3]?.toLowerCase() === "todo") this.#counts.skipped += 1;
    else if (this.#inFailure) this.#counts.failed += 1;
    else this.#counts.passed += 1;
    if (!this.#inFailure) return;
    const words = `${this.#pathOf(line)}${line.trimStart()}`;
    this.#failures.push(words);
    this.push(`    ${styleText("red", words)}\n`);
  }

  #pathOf(line: string): string {
    const depth = (line.length - line.trimStart().length) / INDENT;
    return `${this.#path.slice(0, depth).join(" › ")} › `;
  }

  #file(line: string, match: RegExpExecArray): void {
    const failed = match[1] !== undefined;
    this.#inFailure = failed && match[4] === undefined;
    // A file that dies before its first assertion would otherwise count for nothing.
    if (failed) this.#counts.failed += 1;
    const mark = failed ? styleText("red", "✗") : styleText("green", "✓");
    this.push(`${mark} ${match[2] ?? ""} ${styleText("dim", match[3] ?? "")}\n`);
    if (!failed) return;
    this.#failures.push(line);
    this.push(`  ${line}\n`);
  }
}
