/** Breaks a text at spaces so that no line is longer than `width`, with `indent` before each; a word that is longer stands alone. */
export function wrap(text: string, width: number, indent: string): readonly string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, width, indent));
}

function wrapLine(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent.length + longer.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = longer;
  }
  return [...lines, indent + line];
}
