import type { Requirement } from "./label-selector.ts";
import type { WebhookConfiguration, WebhookEntry } from "./read/webhook-configuration.ts";

/** The place of an entry, and what is to stand there; `remove` takes it away. */
export type Change = { readonly field: string; readonly value: unknown } | { readonly field: string; readonly remove: true };

/** A command that changes one entry, and nothing when another one stands in its place by now. */
export function patchEntry({ name }: WebhookConfiguration, entry: WebhookEntry, changes: readonly Change[]): string {
  const place = `/webhooks/${entry.index}`;
  const guard = { op: "test", path: `${place}/name`, value: entry.name };
  const operations = changes.map((change) => ("remove" in change ? { op: "remove", path: `${place}/${change.field}` } : { op: "add", path: `${place}/${change.field}`, value: change.value }));
  return `kubectl patch validatingwebhookconfiguration ${word(name)} --type=json -p ${word(JSON.stringify([guard, ...operations]))}`;
}

/** A selector as the API has it. */
export function selectorObject(requirements: readonly Requirement[]): object {
  return { matchExpressions: requirements.map(({ key, operator, values }) => (values.length === 0 ? { key, operator } : { key, operator, values })) };
}

/** One word of a command line, for every POSIX shell. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
