/** A line with lines below it. */
export interface Branch {
  readonly text: string;
  readonly children: readonly Branch[];
}

/** Draws branches under a heading that the caller has written, each line with `indent` before it. */
export function drawTree(branches: readonly Branch[], indent: string): readonly string[] {
  return branches.flatMap(({ text, children }, index) => {
    const isLast = index === branches.length - 1;
    const below = drawTree(children, `${indent}${isLast ? "   " : "│  "}`);
    return [`${indent}${isLast ? "└─" : "├─"} ${text}`, ...below];
  });
}
