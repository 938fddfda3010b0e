import { messageOf } from "../errors.ts";

/** What a parser has against a text, for a person, or undefined when it takes it. */
export function parseFault(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (thrown) {
    return `is not valid: ${messageOf(thrown)}`;
  }
}
