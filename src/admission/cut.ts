/**
 * The first lines, at most `total` characters of them, and where some are left out a last line that says how many.
 * A first line that alone is too long is cut. Each is one line afterwards, whatever it held.
 */
export function cutLines(lines: readonly string[], total: number): readonly string[] {
  const clean = lines.map(oneLine);
  if (clean.reduce((sum, line) => sum + line.length, 0) <= total) return clean;
  const kept: string[] = [];
  let left = total;
  for (const [index, text] of clean.entries()) {
    const rest = clean.length - index - 1;
    // There must still be room to say that all the others are left out.
    const room = left - (rest === 0 ? 0 : moreLine(rest).length);
    const line = index === 0 ? shorten(text, room) : text;
    if (line.length > room) return [...kept, moreLine(rest + 1)];
    kept.push(line);
    left -= line.length;
  }
  return kept;
}

// The API server drops a warning that has a control character in it.
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trimEnd();
}

function shorten(line: string, length: number): string {
  return line.length <= length ? line : `${line.slice(0, length - 3)}...`;
}

function moreLine(count: number): string {
  return `and ${count} more`;
}
