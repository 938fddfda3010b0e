// Mixed load on a world that moves, for as long as is asked; then every answer is held against what may have been true.
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { reviewOf } from "../harness/direct.ts";
import { until } from "../harness/process.ts";
import { type Asked, type Outcome, possible } from "./oracle.ts";
import { type Holdings, holdings, resident } from "./process-usage.ts";
import { type Random, random } from "./random.ts";
import { type Scene, startScene } from "./scene.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Told every few seconds how far it is. */
  readonly progress: (soFar: Progress) => void;
}

export interface Progress {
  readonly seconds: number;
  readonly answers: number;
  /** MiB. */
  readonly resident: number;
}

export interface Report {
  readonly outcomes: ReadonlyMap<Outcome | "other", number>;
  /** Answers that nothing explains, each in one line. */
  readonly wrong: readonly string[];
  /** MiB, one a second. */
  readonly memory: readonly number[];
  readonly before: Holdings;
  readonly after: Holdings;
}

interface Answered extends Asked {
  readonly outcome: Outcome | "other";
  readonly message: string;
}

const WORKERS = 8;
const UNDETERMINED = /\((?:RegistryUnavailable|DeadlineExceeded|NamespaceUnknown|CredentialsUnavailable|RateLimited)\)/;

export async function soak({ minutes, seed, progress }: SoakOptions): Promise<Report> {
  const scene = await startScene();
  const agent = new Agent({ connections: WORKERS, connect: { rejectUnauthorized: false } });
  const end = Date.now() + minutes * 60_000;
  const isOver = (): boolean => Date.now() >= end;
  const answers: Answered[] = [];
  const memory: number[] = [];
  try {
    const draw = random(seed);
    await ask(scene, agent, draw);
    const before = await holdings(scene.pratique);
    await Promise.all([
      ...Array.from({ length: WORKERS }, async (_, i) => {
        const own = random(seed + 1 + i);
        while (!isOver()) {
          answers.push(await ask(scene, agent, own));
          await sleep(own.below(40));
        }
      }),
      disturb(scene, draw, isOver),
      watch(scene, isOver, (megabytes) => {
        memory.push(megabytes);
        if (memory.length % 10 === 0) progress({ seconds: memory.length, answers: answers.length, resident: megabytes });
      }),
    ]);
    await agent.close();
    return { ...judged(scene, answers), memory, before, after: await settled(scene, before) };
  } finally {
    await agent.destroy();
    await scene.stop();
  }
}

async function ask(scene: Scene, dispatcher: Agent, draw: Random): Promise<Answered> {
  const { facts, pratique } = scene;
  const namespace = draw.of([...facts.levels.keys()]);
  const target = draw.below(3) === 0 ? ({ kind: "digest", content: draw.of([...facts.signed.keys()]) } as const) : ({ kind: "tag", tag: draw.of([...facts.tags.keys()]) } as const);
  const reference = target.kind === "tag" ? scene.byTag(target.tag) : scene.byDigest(target.content);
  const from = Date.now();
  const response = await request(`https://localhost:${pratique.port}/validate/enforce?timeout=10s`, { method: "POST", dispatcher, headers: { "content-type": "application/json" }, body: JSON.stringify(reviewOf({ namespace, object: podWith(namespace, reference) })) });
  const body = (await response.body.json()) as { readonly response?: { readonly allowed?: boolean; readonly status?: { readonly message?: string } } };
  const message = body.response?.status?.message ?? "";
  const outcome = body.response?.allowed === true ? "admitted" : message.includes("(Unsigned)") ? "Unsigned" : UNDETERMINED.test(message) ? "undetermined" : "other";
  return { namespace, target, from, to: Date.now(), outcome, message };
}

function podWith(namespace: string, image: string): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace }, spec: { containers: [{ name: "web", image }] } };
}

// A change every other second, a restart of the registry and one of the API server every half minute.
async function disturb(scene: Scene, draw: Random, isOver: () => boolean): Promise<void> {
  for (let step = 1; !isOver(); step += 1) {
    await sleep(2000);
    if (step % 15 === 7) await scene.restartRegistry();
    else if (step % 15 === 14) await scene.restartApiServer();
    else await scene.change(draw.below(1000) / 1000, (count) => draw.below(count));
  }
}

async function watch({ pratique }: Scene, isOver: () => boolean, tell: (megabytes: number) => void): Promise<void> {
  while (!isOver()) {
    await sleep(1000);
    tell(await resident(pratique.pid));
  }
}

function judged({ facts }: Scene, answers: readonly Answered[]): Pick<Report, "outcomes" | "wrong"> {
  const outcomes = new Map<Outcome | "other", number>();
  const wrong: string[] = [];
  for (const { outcome, message, ...asked } of answers) {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const right = possible(facts, asked);
    if (outcome !== "other" && right.has(outcome)) continue;
    const target = asked.target.kind === "tag" ? `tag ${asked.target.tag}` : asked.target.content;
    wrong.push(`${target} in ${asked.namespace} after ${asked.to - asked.from} ms: ${outcome}, and right would be ${[...right].join(" or ")}: ${message}`);
  }
  return { outcomes, wrong };
}

// Connections and timers of what is over go within a while; what stays is a leak.
async function settled({ pratique }: Scene, before: Holdings): Promise<Holdings> {
  let now = await holdings(pratique);
  await until("what was opened is closed again", async () => {
    now = await holdings(pratique);
    return now.descriptors <= before.descriptors && now.timers <= before.timers ? true : undefined;
  }, { seconds: 45 }).catch(() => undefined);
  return now;
}
