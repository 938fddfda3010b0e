/** What a registry asks for with a 401. */
export type Challenge =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: string; readonly service: string | undefined };

/** Longer than any challenge in use, and short enough to be read at once. */
const MAX_LENGTH = 8192;

interface Scheme {
  readonly name: string;
  readonly parameters: Map<string, string>;
}

/**
 * The challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1) that we can meet: a bearer token before a
 * password. Undefined when there is none, as in Harbor's empty header for an unknown project. Unknown schemes and
 * broken parts are passed over; the time grows with the length alone.
 */
export function parseChallenge(header: string | readonly string[] | undefined): Challenge | undefined {
  const text = (typeof header === "string" ? header : (header ?? []).join(",")).slice(0, MAX_LENGTH);
  const schemes = new Scanner(text).schemes();
  for (const { name, parameters } of schemes) {
    const realm = parameters.get("realm");
    if (name === "bearer" && realm) return { kind: "bearer", realm, service: parameters.get("service") };
  }
  return schemes.some(({ name }) => name === "basic") ? { kind: "basic" } : undefined;
}

const WORD = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACE = /[ \t]+/y;
// Some registries leave the quotes out, around URLs too, which the grammar does not allow.
const BARE_VALUE = /[^", \t]+/y;
const QUOTED = /[^"\\]+/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  schemes(): readonly Scheme[] {
    const schemes: Scheme[] = [];
    while (this.#at < this.#text.length) {
      this.#take(SPACE);
      const word = this.#take(WORD).toLowerCase();
      this.#take(SPACE);
      if (word === "") this.#at += 1;
      else if (this.#text[this.#at] === "=") this.#parameter(word, schemes.at(-1)?.parameters);
      else schemes.push({ name: word, parameters: new Map() });
    }
    return schemes;
  }

  #parameter(name: string, parameters: Map<string, string> | undefined): void {
    this.#at += 1;
    this.#take(SPACE);
    const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#take(BARE_VALUE);
    // The first one counts: a second realm, smuggled in behind it, changes nothing.
    if (parameters?.has(name) === false) parameters.set(name, value);
  }

  #quoted(): string {
    const parts: string[] = [];
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === "\\") {
        parts.push(this.#text[this.#at + 1] ?? "");
        this.#at += 2;
      } else parts.push(this.#take(QUOTED));
    }
    this.#at += 1;
    return parts.join("");
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [taken = ""] = pattern.exec(this.#text) ?? [];
    this.#at += taken.length;
    return taken;
  }
}
