import type { Test } from "tap";
import { signLegacy } from "../helpers/cosign.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { imageManifest, push } from "../helpers/images.ts";
import { listen } from "../helpers/loopback.ts";
import { specOf } from "../helpers/policies.ts";
import { type RegistryDouble, startRegistry } from "../helpers/registry-double.ts";
import { minimalReview } from "../helpers/reviews.ts";
import { BAD, type HostileCase, type HostileWorld, key, type Thief } from "./case.ts";
import { type Answer, MAX_RESIDENT, startWebhook, type Webhook, type World } from "./webhook.ts";

const LEVELS = ["signed", "verified"] as const;

/** One case, with the registry of its own that it is played by: nothing that one registry did may colour the next. */
interface Stage {
  readonly attack: HostileCase;
  readonly registry: RegistryDouble;
  /** Of the registry, as references name it. */
  readonly host: string;
}

/**
 * Plays each case through the real webhook over HTTPS, in one process for the whole table: a Pod with a good image of an
 * honest registry and the hostile one's. The good one is never refused, and the memory has a ceiling.
 */
export async function judgeCases(t: Test, cases: readonly HostileCase[], zone: World["zone"] = {}): Promise<void> {
  const world = { thief: await startThief(t) };
  const honest = await startRegistry();
  t.teardown(() => honest.close());
  const stages = await Promise.all(cases.map((attack) => stageOf(t, attack)));
  const webhook = await startWebhook(t, { config: await configOf(t, [honest.host, thiefHost(world)], stages), zone });
  for (const stage of stages) await t.test(stage.attack.name, (t) => play(t, { stage, honest, webhook, world }));
}

interface Play {
  readonly stage: Stage;
  readonly honest: RegistryDouble;
  readonly webhook: Webhook;
  readonly world: HostileWorld;
}

async function play(t: Test, { stage: { attack, registry, host }, honest, webhook, world }: Play): Promise<void> {
  // Never asked for before, so that no cache vouches for it.
  const repository = `good/${attack.name.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}`.slice(0, 100).replace(/-$/, "");
  signLegacy(honest, repository, push(honest, repository, imageManifest(), "v1"), { key });
  const bad = `${host}/${BAD}${attack.build(registry, world)}`;
  const timeout = attack.reason === "DeadlineExceeded" ? "3s" : "10s";
  await Promise.all(
    LEVELS.map(async (level) => {
      const { body } = await webhook.post(reviewOf(level, [`${honest.host}/${repository}:v1`, bad]), timeout);
      t.equal(body.response?.allowed, attack.reason === null, `${level}: ${messagesOf(body)}`);
      t.same(causesOf(body), expectedOf(attack, body), `${level}: the good image is trusted`);
    }),
  );
  attack.afterwards?.(registry, world);
  registry.heal();
  const peak = await webhook.peak();
  t.ok(peak < MAX_RESIDENT, `${Math.round(peak / 1e6)} MB resident`);
}

function reviewOf(namespace: string, images: readonly string[]): string {
  const review = minimalReview();
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  return JSON.stringify({ ...review, request: { ...review.request, namespace, object: { kind: "Pod", spec: { containers } } } });
}

function causesOf({ response }: Answer["body"]): readonly string[] {
  return (response?.status?.details?.causes ?? []).map(({ field, reason }) => `${field} ${reason}`);
}

function expectedOf({ reason, otherwise }: HostileCase, body: Answer["body"]): readonly string[] {
  if (reason === null) return [];
  const field = "spec.containers[1].image";
  const isOther = otherwise !== undefined && causesOf(body).includes(`${field} ${otherwise}`);
  return [`${field} ${isOther ? otherwise : reason}`];
}

function messagesOf({ response }: Answer["body"]): string {
  return (response?.status?.details?.causes ?? []).map(({ message }) => message).join("; ");
}

async function stageOf(t: Test, attack: HostileCase): Promise<Stage> {
  const registry = await startRegistry(attack.options);
  t.teardown(() => registry.close());
  const port = registry.host.slice(registry.host.lastIndexOf(":"));
  return { attack, registry, host: attack.alias === undefined ? registry.host : `${attack.alias}${port}` };
}

async function startThief(t: Test): Promise<Thief> {
  const heard: string[] = [];
  const server = await listen((request, response) => {
    heard.push(request.headers.authorization ?? "none");
    const isLoop = request.url?.startsWith("/loop") === true;
    response.writeHead(isLoop ? 307 : 404, isLoop ? { location: `${request.url}x` } : {}).end();
  });
  t.teardown(() => server.close());
  return { url: server.url, heard };
}

const thiefHost = ({ thief }: HostileWorld): string => new URL(thief.url).host;

// The thief's address is allowed, so that nothing but the rules for credentials keeps them from it.
async function configOf(t: Test, allowed: readonly string[], stages: readonly Stage[]): Promise<object> {
  const docker = (host: string): object => ({ auths: { [host]: { auth: Buffer.from("robot:secret").toString("base64") } } });
  const dir = await temporaryFolder(t, {
    "policy.yaml": JSON.stringify({ apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "release" }, spec: specOf(key) }),
    ...Object.fromEntries(stages.map(({ host }, i) => [`${i}.json`, JSON.stringify(docker(host))])),
  });
  const registries = stages.map(({ attack, host }, i) => ({
    host,
    plainHTTP: true,
    allowPrivate: true,
    ...attack.settings,
    ...(attack.credentials === "installation" ? { dockerConfigFile: `${dir}/${i}.json` } : {}),
  }));
  return {
    registries: [...allowed.map((host) => ({ host, plainHTTP: true, allowPrivate: true })), ...registries],
    policyFiles: [`${dir}/policy.yaml`],
    namespaces: Object.fromEntries(LEVELS.map((level) => [level, { "pratique.dev/enforce": level }])),
  };
}
