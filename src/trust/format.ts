import { parseGlob } from "../image/glob.ts";
import { parseReference } from "../image/reference.ts";
import { parseFault } from "../schema/parse-fault.ts";
import { PREDICATE_NAMES } from "./predicate-type.ts";

/** The shapes of text that the schema of policies asks for by its `format` keyword. */
export type PolicyFormat = "glob" | "repository" | "tagPrefix" | "secretName" | "secretKey" | "predicateType" | "authorityName" | "line";

/** The formats that a regular expression says whole. The CRDs say them too, so RE2 must read each as JavaScript does. */
const PATTERNS = {
  tagPrefix: /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
  secretName: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
  secretKey: /^[-._A-Za-z0-9]+$/,
  authorityName: /^[A-Za-z0-9][A-Za-z0-9 ._/-]*$/,
  line: /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u,
} as const satisfies Partial<Record<PolicyFormat, RegExp>>;

const CHECKS: Readonly<Record<PolicyFormat, (text: string) => string | undefined>> = {
  glob: (text) => parseFault(() => parseGlob(text)),
  repository: repositoryFault,
  tagPrefix: (text) => (PATTERNS.tagPrefix.test(text) ? undefined : 'is not the beginning of a tag: letters, digits, "_", "." and "-"'),
  secretName: (text) => (PATTERNS.secretName.test(text) ? undefined : "is not the name of a Secret"),
  secretKey: (text) => (PATTERNS.secretKey.test(text) ? undefined : "is not a key of a Secret"),
  predicateType: predicateTypeFault,
  authorityName: (text) => (PATTERNS.authorityName.test(text) ? undefined : 'is not a plain name: letters, digits, spaces, ".", "_", "/" and "-"'),
  line: (text) => (PATTERNS.line.test(text) ? undefined : "is not one line of text: line breaks and other control characters have no place in a refusal"),
};

/** What is wrong with a text of a policy, or undefined. */
export function policyFormatFault(format: string, text: string): string | undefined {
  return CHECKS[format as PolicyFormat](text);
}

/** The regular expression that says the whole of a format, or undefined. */
export function policyFormatPattern(format: string): RegExp | undefined {
  return Object.hasOwn(PATTERNS, format) ? PATTERNS[format as keyof typeof PATTERNS] : undefined;
}

function repositoryFault(text: string): string | undefined {
  const fault = parseFault(() => parseReference(`${text}:x`));
  return fault === undefined ? undefined : "is not a repository without tag and digest, such as registry.example.com/signatures";
}

function predicateTypeFault(text: string): string | undefined {
  if (PREDICATE_NAMES.has(text) || /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/.test(text)) return undefined;
  return `is neither a URI nor one of cosign's names: ${[...PREDICATE_NAMES.keys()].join(", ")}`;
}
