import type { Looker } from "./looker.ts";
import type { WebhookConfiguration } from "./read/webhook-configuration.ts";
import { readReply } from "./reply.ts";
import type { EntryReply } from "./snapshot.ts";
import { entryName, type Trial } from "./trial.ts";

/** The same question in several places: a quota or another policy may be in the way in one of them. */
export type Question = readonly [Trial, ...Trial[]];

/** Puts the questions to the entries that are there, one after another, so that each has the time that it takes to itself. */
export async function askEntries(configuration: WebhookConfiguration | undefined, questions: readonly Question[], looker: Looker): Promise<readonly EntryReply[]> {
  const replies: EntryReply[] = [];
  for (const question of questions.filter(([{ entry }]) => configuration?.webhooks.some(({ name }) => name === entryName(entry)))) replies.push(await askSomewhere(question, looker));
  return replies;
}

async function askSomewhere([trial, next, ...others]: Question, looker: Looker): Promise<EntryReply> {
  const reply = await ask(trial, looker);
  return reply.reply.kind === "unasked" && next !== undefined ? askSomewhere([next, ...others], looker) : reply;
}

async function ask({ entry, path, object }: Trial, looker: Looker): Promise<EntryReply> {
  const { reader, timer } = looker.ports;
  const answer = await looker.see(async () => {
    const begun = timer.now();
    const reply = readReply(await reader.tryCreate(path, object, looker.call), entryName(entry));
    return { entry, reply, milliseconds: timer.now() - begun };
  });
  return answer.kind === "seen" ? answer.value : { entry, reply: { kind: "unasked", why: answer.why }, milliseconds: 0 };
}
