import { messageOf } from "../errors.ts";
import { parseGlob } from "../image/glob.ts";
import { parseReference } from "../image/reference.ts";
import { PREDICATE_NAMES } from "./predicate-type.ts";

/** The shapes of text that the schema of policies asks for by its `format` keyword. */
export type PolicyFormat = "glob" | "repository" | "tagPrefix" | "secretName" | "secretKey" | "predicateType" | "authorityName";

const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

const CHECKS: Readonly<Record<PolicyFormat, (text: string) => string | undefined>> = {
  glob: (text) => faultOf(() => parseGlob(text)),
  repository: repositoryFault,
  tagPrefix: (text) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text) ? undefined : 'is not the beginning of a tag: letters, digits, "_", "." and "-"'),
  secretName: (text) => (SUBDOMAIN.test(text) ? undefined : "is not the name of a Secret"),
  secretKey: (text) => (/^[-._A-Za-z0-9]+$/.test(text) ? undefined : "is not a key of a Secret"),
  predicateType: predicateTypeFault,
  authorityName: (text) => (/^[A-Za-z0-9][A-Za-z0-9 ._/-]*$/.test(text) ? undefined : 'is not a plain name: letters, digits, spaces, ".", "_", "/" and "-"'),
};

/** What is wrong with a text of a policy, or undefined. */
export function policyFormatFault(format: string, text: string): string | undefined {
  return CHECKS[format as PolicyFormat](text);
}

function repositoryFault(text: string): string | undefined {
  const fault = faultOf(() => parseReference(`${text}:x`));
  return fault === undefined ? undefined : "is not a repository without tag and digest, such as registry.example.com/signatures";
}

function predicateTypeFault(text: string): string | undefined {
  if (PREDICATE_NAMES.has(text) || /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/.test(text)) return undefined;
  return `is neither a URI nor one of cosign's names: ${[...PREDICATE_NAMES.keys()].join(", ")}`;
}

function faultOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (thrown) {
    return `is not valid: ${messageOf(thrown)}`;
  }
}
