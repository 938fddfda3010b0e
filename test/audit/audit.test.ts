import t from "tap";
import type { LabelMap } from "../../src/admission/labels.ts";
import { askedOf } from "../../src/audit/asked.ts";
import { Audit, type AuditRequest } from "../../src/audit/audit.ts";
import type { AuditReport } from "../../src/audit/report.ts";
import { computeDigest, type Digest } from "../../src/image/digest.ts";
import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import type { JsonObject } from "../../src/json.ts";
import { RefusedError, UndeterminedError } from "../../src/verdict/failure.ts";
import { verdictOnFailure } from "../../src/verdict/evaluate.ts";
import { handTimer } from "../helpers/hand-timer.ts";

const DEFAULTS = { enforce: "none", warn: "none", audit: "none", index: "both", requireDigest: false, onOutage: "deny" } as const;
const labels = (values: Readonly<Record<string, string>>): LabelMap => new Map(Object.entries(values).map(([name, value]) => [`pratique.dev/${name}`, value]));
const digestOf = (text: string): Digest => computeDigest("sha256", Buffer.from(text));

t.test("the strictest level that a namespace asks for decides, and whoever names one has it", async (t) => {
  for (const [values, level, by, rest] of [
    [{}, "signed", "nobody", { rule: "both", requireDigest: false }],
    [{ enforce: "none", warn: "none" }, "signed", "nobody", {}],
    [{ enforce: "signed" }, "signed", "enforce", {}],
    [{ warn: "signed", audit: "signed" }, "signed", "warn", {}],
    [{ enforce: "signed", warn: "verified" }, "verified", "warn", {}],
    [{ enforce: "signed", audit: "verified", index: "covered" }, "verified", "audit", { rule: "covered" }],
    [{ enforce: "sined" }, "verified", "enforce", { notes: [/"sined" is not one of/] }],
    [{ audit: "signed", "require-digest": "true" }, "signed", "audit", { requireDigest: false }],
    [{ enforce: "signed", "require-digest": "true" }, "signed", "enforce", { requireDigest: true }],
  ] as const) {
    t.match(askedOf(labels(values), DEFAULTS, undefined), { level, by, ...rest }, JSON.stringify(values));
    t.match(askedOf(labels(values), DEFAULTS, "verified"), { ...rest, level: "verified", by: "caller" }, `${JSON.stringify(values)} and --level`);
  }
  t.match(askedOf(labels({}), { ...DEFAULTS, enforce: "verified" }, undefined), { level: "verified", by: "enforce" }, "defaults count as labels do");
});

interface Pod {
  readonly namespace?: string;
  readonly image: string;
  readonly account?: string;
  readonly running?: Digest;
}

/** An audit of Pods, each its own owner. The last part of a repository's name says what is found: signed, unsigned or hidden. */
function world(pods: readonly Pod[], byNamespace: Readonly<Record<string, LabelMap | UndeterminedError>> = {}) {
  const inspected: string[] = [];
  const progress: (number | "judged")[] = [];
  const timer = handTimer();
  const objects = pods.map(({ namespace = "shop", image, account, running }, i): JsonObject => ({
    metadata: { namespace, name: `pod-${i}`, uid: `${i}` },
    spec: { containers: [{ name: "web", image }], serviceAccountName: account },
    status: { containerStatuses: running === undefined ? [] : [{ name: "web", imageID: `web@${running}` }] },
  }));
  const audit = new Audit(
    {
      workloads: {
        async *pages({ resource }) {
          if (resource === "jobs") throw new UndeterminedError("NamespaceUnknown", "the jobs could not be listed");
          if (resource === "pods") for (const object of objects) yield [object];
        },
      },
      labels: async (namespace) => {
        const known = byNamespace[namespace] ?? labels({});
        if (known instanceof UndeterminedError) throw known;
        return known;
      },
      pullSecrets: { keyring: async () => EMPTY_KEYRING },
      inspector: {
        inspect: async ({ reference, level, namespace }) => {
          inspected.push(`${namespace} ${reference.text} ${level}`);
          const digest = digestOf(reference.text);
          const found = { digest, contents: [digest, digestOf("a platform of it")], platforms: [], evidence: [], policies: [] };
          if (reference.repository.path.endsWith("/signed")) return { ...found, verdict: { kind: "trusted", reason: "Signed", detail: "a document" } };
          if (reference.repository.path.endsWith("/unsigned")) return { ...found, verdict: verdictOnFailure(new RefusedError("Unsigned", "no signature"), reference.repository) };
          const verdict = verdictOnFailure(new UndeterminedError("Unauthorized", "the registry answered 401"), reference.repository);
          return { ...found, digest: undefined, contents: [], verdict };
        },
      },
      timer,
      defect: (cause) => t.fail(`a defect: ${String(cause)}`),
    },
    {
      defaults: DEFAULTS,
      exemptions: { namespaces: new Set(["free"]), exemptImage: ({ repository }) => (repository.path.startsWith("debug") ? "docker.io/debug/**" : undefined) },
    },
  );
  const run = async (change: Partial<AuditRequest> = {}): Promise<AuditReport> => {
    const report = await audit.run({
      scope: { kind: "cluster" },
      level: undefined,
      unasked: "judge",
      signal: new AbortController().signal,
      progress: { listed: (images) => progress.push(images), judged: () => progress.push("judged") },
      ...change,
    });
    t.same(timer.alarms(), [], "no alarm is left behind");
    return report;
  };
  return { run, inspected, progress };
}

const verdicts = ({ findings }: AuditReport): readonly string[] => findings.map(({ namespace, image, judgement }) => `${namespace} ${image} ${judgement.verdict.kind} ${judgement.verdict.reason}`);

t.test("each image is judged once by level and credentials, and what could not be listed is told", async (t) => {
  const { run, inspected, progress } = world([{ image: "shop/signed" }, { image: "shop/signed" }, { image: "shop/signed", account: "robot" }, { image: "shop/signed", namespace: "office" }]);
  const report = await run();
  t.same(inspected.toSorted(), ["office shop/signed signed", "shop shop/signed signed", "shop shop/signed signed"]);
  t.same(progress, [4, "judged", "judged", "judged", "judged"]);
  t.same(report.problems, ["the jobs could not be listed"]);
});

t.test("every namespace by what it asks for, and none that could not be read as if it asked for little", async (t) => {
  const pods = ["shop", "strict", "idle", "free", "dark"].map((namespace): Pod => ({ namespace, image: "shop/unsigned" }));
  const { run, inspected } = world([...pods, { image: "debug/unsigned" }, { image: "shop/hidden" }, { image: "Not a reference" }], {
    shop: labels({ enforce: "signed" }),
    strict: labels({ audit: "verified" }),
    dark: new UndeterminedError("NamespaceUnknown", "the labels could not be read"),
  });
  const expected = [
    "dark shop/unsigned undetermined NamespaceUnknown",
    "free shop/unsigned exempt ExemptNamespace",
    "idle shop/unsigned untrusted Unsigned",
    "shop shop/unsigned untrusted Unsigned",
    "shop debug/unsigned exempt ExemptImage",
    "shop shop/hidden undetermined Unauthorized",
    "shop Not a reference untrusted InvalidReference",
    "strict shop/unsigned untrusted Unsigned",
  ];
  const report = await run();
  t.same(verdicts(report), expected);
  t.same(inspected.toSorted(), ["idle shop/unsigned signed", "shop shop/hidden signed", "shop shop/unsigned signed", "strict shop/unsigned verified"]);
  t.match(report.namespaces.find(({ namespace }) => namespace === "shop"), { counts: { trusted: 0, untrusted: 2, undetermined: 1, exempt: 1, drifted: 0 } });
  t.same(verdicts(await run({ unasked: "leave-out" })), expected.filter((line) => !line.startsWith("idle ")), "a scan says nothing of whom nobody asks");
});

t.test("drift is what a reference names neither itself nor below it, and nothing where that is unknown", async (t) => {
  const image = "shop/signed";
  for (const [running, drift] of [
    [digestOf(image), []],
    [digestOf("a platform of it"), []],
    [digestOf("before"), [{ digest: digestOf("before"), pods: 1, example: "pod-0" }]],
  ] as const) {
    t.same((await world([{ image, running }]).run()).findings[0]?.drift, drift);
  }
  for (const pod of [{ image: "shop/hidden" }, { image: "debug/signed" }, { image, namespace: "free" }]) {
    t.same((await world([{ ...pod, running: digestOf("before") }]).run()).findings[0]?.drift, [], JSON.stringify(pod));
  }
  t.match((await world([{ image: "shop/unsigned", running: digestOf("before") }]).run()).namespaces, [{ counts: { untrusted: 1, drifted: 1 } }], "what drifted has a verdict as well");
});

t.test("when nobody waits any more, nothing is taken for judged", async (t) => {
  const gone = AbortSignal.abort();
  t.match((await world([{ image: "shop/signed" }]).run({ signal: gone })).findings, [{ judgement: { verdict: { kind: "undetermined" } } }]);
});
