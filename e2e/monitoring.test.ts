// A real Prometheus scrapes real replicas under load. Every alert fires from a fault and resolves when it is over, and every
// query of the dashboard has an answer.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { answerWith, hangUp, send } from "../test/helpers/registry-faults.ts";
import { ALERTS } from "../tools/monitoring/alerts.ts";
import { createPod, label, makeNamespace } from "./harness/ask.ts";
import { CHART, type KubernetesObject, only, RELEASE, RELEASE_NAMESPACE, renderChart } from "./harness/chart.ts";
import { startMonitoredWorld } from "./harness/monitoring.ts";
import { until } from "./harness/process.ts";
import type { FiringAlert } from "./harness/prometheus.ts";
import { repeat } from "./harness/repeat.ts";
import { PLANS } from "./plans.ts";
import { program } from "./programs.ts";

t.plan(PLANS.monitoring);

const world = await startMonitoredWorld();
t.teardown(() => world.stop());
const { cluster, pratique, replica, prometheus, registries } = world;
const { good, failing, dead, slow } = registries;

type Asked = Pick<typeof pratique, "review">;
/** Asks one replica, as the API server would, about a Pod with this image. */
const ask = (whom: Asked, namespace: string, image: string) =>
  whom.review("/validate/enforce?timeout=10s", { namespace, object: { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec: { containers: [{ name: "web", image }] } } });
const image = ({ host }: { readonly host: string }, tag: string) => `${host}/shop/web:${tag}`;
const found = `${dead.host}/shop/web@${dead.manifest("shop/web", "signed")?.digest}`;

/** Something that goes wrong. Its end is awaited. */
interface Fault {
  readonly what: string;
  readonly alerts: readonly string[];
  begin(): Promise<() => Promise<void>>;
}

const usual = [repeat(3, () => ask(pratique, "shop", image(good, "signed"))), repeat(3, () => ask(replica, "shop", image(good, "signed")))];

t.test("nothing fires while all is well", async (t) => {
  await ask(pratique, "shop", found);
  await ask(pratique, "shop", image(good, "unsigned"));
  const admitted = await createPod(cluster, "shop", image(good, "signed"), { flags: ["--dry-run=server"] });
  t.equal(admitted.status, 0, admitted.stderr);
  await until("a window has passed", async () => ((await prometheus.query("count_over_time(pratique_ready[15s]) >= 12")).length === 2 ? true : undefined));
  await until("nothing fires", async () => ((await prometheus.firing()).length === 0 ? true : undefined));
});

t.test("the API server takes monitors and rules, by the operator's own definitions", async (t) => {
  const applied = await cluster.kubectl(["apply", "--server-side", "-f", program("monitoring-definitions")]);
  t.equal(applied.status, 0, applied.stderr);
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  const put = ({ kind, ...object }: KubernetesObject) =>
    cluster.call("POST", `/apis/monitoring.coreos.com/v1/namespaces/${RELEASE_NAMESPACE}/${kind.toLowerCase()}s?dryRun=All&fieldValidation=Strict`, { kind, ...object });
  for (const [monitor, kind] of [["service", "ServiceMonitor"], ["pod", "PodMonitor"]] as const) {
    const objects = await renderChart({ monitoring: { monitor, interval: "30s", scrapeTimeout: "10s", relabelings: [{ action: "labeldrop", regex: "pod_template_hash" }], rules: { enabled: true } } });
    for (const object of [only(objects, kind), only(objects, "PrometheusRule")]) {
      const { status, body } = await put(object);
      t.equal(status, 201, JSON.stringify(body));
      t.equal((await put({ ...object, misspelt: true })).status, 400, "and no field that it does not know");
    }
  }
});

const FAULTS: readonly Fault[] = [
  {
    what: "unsigned images",
    alerts: ["PratiqueDenialsRising"],
    begin: async () => repeat(6, () => ask(pratique, "shop", image(good, "unsigned"))),
  },
  {
    what: "a registry that answers nothing but pings",
    alerts: ["PratiqueRegistryFailing"],
    begin: async () => {
      failing.fault(/./, answerWith(503));
      failing.fault(/^\/v2\/$/, ({ response, usual }) => send(response, usual));
      const stop = repeat(2, () => ask(pratique, "shop", image(failing, "signed")));
      return async () => {
        failing.heal();
        await stop();
      };
    },
  },
  {
    what: "a registry that is gone",
    alerts: ["PratiqueRegistryUnavailable", "PratiqueUndeterminedDenials", "PratiqueOutageAdmissions", "PratiqueStaleAnswers"],
    begin: async () => {
      dead.fault(/./, hangUp());
      const asked = [
        ["shop", image(dead, "signed")],
        ["shop", found],
        ["lenient", image(dead, "signed")],
      ] as const;
      const stops = asked.map(([namespace, what]) => repeat(2, () => ask(pratique, namespace, what)));
      return async () => {
        dead.heal();
        await Promise.all(stops.map((stop) => stop()));
      };
    },
  },
  {
    what: "a slow registry",
    alerts: ["PratiqueLatencyNearBudget", "PratiqueRegistrySaturated"],
    begin: async () => {
      slow.fault(/./, async ({ response, usual }) => {
        await sleep(700);
        send(response, usual);
      });
      const stops = ["signed", "unsigned", "1", "2", "3"].map((tag) => repeat(2, () => ask(pratique, "shop", image(slow, tag))));
      return async () => {
        slow.heal();
        await Promise.all(stops.map((stop) => stop()));
      };
    },
  },
  {
    what: "more bodies than are read at one time",
    alerts: ["PratiqueOverloaded"],
    begin: async () => {
      const sockets = [1, 2].map(() => {
        const socket = connect({ host: "127.0.0.1", port: pratique.port, rejectUnauthorized: false });
        socket.on("error", () => undefined);
        socket.write(`POST /validate/enforce HTTP/1.1\r\nHost: pratique\r\nContent-Type: application/json\r\nContent-Length: ${7 * 1024 * 1024}\r\n\r\n{`);
        return socket;
      });
      return async () => {
        for (const socket of sockets) socket.destroy();
      };
    },
  },
  {
    what: "a replica that has a defect, little memory, hardly any processor time, and certificates about to end that nobody trusts",
    alerts: ["PratiqueReplicaNotReady", "PratiqueDefect", "PratiqueMemoryNearLimit", "PratiqueEventLoopSlow", "PratiqueCertificateExpiring", "PratiqueCAExpiring", "PratiqueCertificateNotTrusted"],
    begin: async () => {
      await replica.terminate();
      await fires("PratiqueReplicaNotReady");
      await allowToKeep(KEPT.secretName);
      await replica.launch({ certificate: await world.certificate(24), preload: HAMPERED, settings: { tls: { managed: KEPT } } });
      const stops = [repeat(2, () => ask(replica, "shop", image(good, "unsigned"))), repeat(1, stall)];
      return async () => {
        await Promise.all(stops.map((stop) => stop()));
        await replica.terminate();
        await replica.launch({ certificate: await world.certificate(24) });
      };
    },
  },
  {
    what: "a policy whose key is nowhere",
    alerts: ["PratiqueTrustPolicyNotReady"],
    begin: async () => {
      const policy = { apiVersion: "pratique.dev/v1alpha1", kind: "ClusterTrustPolicy", metadata: { name: "keyless" }, spec: { images: [{ glob: "nowhere.example.com/**" }], authorities: [{ key: { secretRef: { name: "nowhere" } } }] } };
      const { status, stderr } = await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(policy) });
      if (status !== 0) throw new Error(stderr);
      return async () => {
        await cluster.kubectl(["delete", "clustertrustpolicy", "keyless"]);
      };
    },
  },
  {
    what: "an unsigned image that runs already when its namespace enforces",
    alerts: ["PratiqueUntrustedRunning"],
    begin: async () => {
      await makeNamespace(cluster, "legacy", {});
      await createPod(cluster, "legacy", image(good, "unsigned"), { name: "old" });
      await label(cluster, "legacy", { enforce: "signed" });
      return async () => {
        await cluster.kubectl(["delete", "pod", "-n", "legacy", "old", "--force", "--grace-period=0"]);
      };
    },
  },
];

// What the process of the hampered replica finds: a small container, and a function that fails for the manifest of an image.
const HAMPERED = `
import crypto from "node:crypto";
process.constrainedMemory = () => 64 * 1024 * 1024;
const { update } = crypto.Hash.prototype;
crypto.Hash.prototype.update = function (bytes, ...rest) {
  if (bytes.includes?.('"layers"')) throw new TypeError("a manifest cannot be hashed here");
  return update.call(this, bytes, ...rest);
};
`;

/** What it keeps for itself: a CA of two hours in a Secret, which no webhook configuration trusts. */
const KEPT = { secretName: "hampered", serviceName: "hampered", webhookConfigurationName: "hampered", caHours: 2, certificateHours: 1 };

/** An empty Secret, and the rights that the chart gives in the mode `managed`. */
async function allowToKeep(name: string): Promise<void> {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: RELEASE_NAMESPACE } };
  const rules = [
    { apiGroups: [""], resources: ["secrets"], resourceNames: [name], verbs: ["list", "watch", "update"] },
    { apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingwebhookconfigurations"], resourceNames: [name], verbs: ["list", "watch", "patch"] },
  ];
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules };
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", name: RELEASE, namespace: RELEASE_NAMESPACE }],
  };
  for (const object of [secret, role, binding]) await cluster.apply(object, RELEASE_NAMESPACE);
}

/** Keeps the second replica from running for half a second. */
async function stall(): Promise<void> {
  replica.signal("SIGSTOP");
  await sleep(500);
  replica.signal("SIGCONT");
}

let ends: readonly (() => Promise<void>)[] = [];

t.test("each alert fires from its fault", async (t) => {
  const begun = Promise.all(FAULTS.map((fault) => fault.begin()));
  const seen = await fires(...FAULTS.flatMap(({ alerts }) => alerts));
  ends = await begun;
  for (const { what, alerts } of FAULTS) for (const alert of alerts) told(t, seen.get(alert), `${alert}: ${what}`);
  t.match(seen.get("PratiqueOutageAdmissions")?.labels, { resource_namespace: "lenient" });
  t.match(seen.get("PratiqueRegistryUnavailable")?.labels, { registry: dead.host });
  t.match(seen.get("PratiqueUndeterminedDenials")?.labels, { reason: /RegistryUnavailable|DeadlineExceeded/ });
});

t.test("each query of the dashboard has an answer", async (t) => {
  const { panels } = JSON.parse(await readFile(join(CHART, "dashboards/pratique.json"), "utf8")) as { readonly panels: readonly Drawn[] };
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  t.ok(queries.length > 30);
  for (const { title, expr } of queries) {
    const asked = expr.replaceAll(/\$(namespace|job)\b/g, ".*").replaceAll("$__rate_interval", "10s").replaceAll("$__range", "1m");
    t.notMatch(asked, "$");
    t.not((await prometheus.query(asked)).length, 0, `${title}: ${asked}`);
  }
});

interface Drawn {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

t.test("each alert resolves when its fault is over", async (t) => {
  await Promise.all(ends.map((end) => end()));
  await Promise.all(usual.map((stop) => stop()));
  await resolved(...FAULTS.flatMap(({ alerts }) => alerts));
  t.pass("all of them");
});

t.test("the API server is gone, and when it is back it does not trust the certificate", async (t) => {
  const alerts = ["PratiqueWatchOld", "PratiqueWatchFlapping", "PratiqueScanOld", "PratiqueHandshakesFailing"];
  await cluster.crash();
  const stop = repeat(2, distrust);
  const seen = await fires(...alerts);
  for (const alert of alerts) told(t, seen.get(alert), alert);
  await stop();
  await cluster.restart();
  await resolved(...alerts);
});

t.test("no replica is ready: first they drain, then they are gone", async (t) => {
  const ending = [pratique.terminate(), replica.terminate()];
  told(t, (await fires("PratiqueNoReplicaReady")).get("PratiqueNoReplicaReady"), "while they drain");
  await Promise.all(ending);
  await until("their series end", async () => ((await prometheus.query("pratique_ready")).length === 0 ? true : undefined));
  told(t, (await fires("PratiqueNoReplicaReady")).get("PratiqueNoReplicaReady"), "when there is none");
  await pratique.launch();
  await replica.launch({ certificate: await world.certificate(24) });
  await resolved("PratiqueNoReplicaReady");
});

t.test("every alert has been tried", (t) => {
  const tried = [...FAULTS.flatMap(({ alerts }) => alerts), "PratiqueWatchOld", "PratiqueWatchFlapping", "PratiqueScanOld", "PratiqueHandshakesFailing", "PratiqueNoReplicaReady"];
  t.same(tried.toSorted(), ALERTS.map(({ alert }) => alert).toSorted());
  t.end();
});

/** Waits until each of these has fired, not all at one time; each as it was then. */
async function fires(...names: readonly string[]): Promise<ReadonlyMap<string, FiringAlert>> {
  const seen = new Map<string, FiringAlert>();
  const missing = () => names.filter((name) => !seen.has(name));
  await until(
    "the alerts fire",
    async () => {
      for (const alert of await prometheus.firing()) seen.set(alert.labels["alertname"] ?? "", alert);
      return missing().length === 0 ? true : undefined;
    },
    { evidence: () => `not seen: ${missing().join(", ")}` },
  );
  return seen;
}

async function resolved(...names: readonly string[]): Promise<void> {
  let still: readonly string[] = [];
  await until(
    "the alerts resolve",
    async () => {
      still = (await prometheus.firing()).map(({ labels }) => labels["alertname"] ?? "").filter((name) => names.includes(name));
      return still.length === 0 ? true : undefined;
    },
    { evidence: () => `still firing: ${still.join(", ")}` },
  );
}

/** An alert that somebody can act on: it says whose it is, what is the matter, and where to read on. */
function told(t: Test, alert: FiringAlert | undefined, what: string): void {
  const runbook = new RegExp(`/docs/operations\\.md#${alert?.labels["alertname"]?.toLowerCase()}$`);
  t.match(alert, { labels: { namespace: RELEASE_NAMESPACE, job: "pratique", severity: /critical|warning|info/ }, annotations: { summary: /\.$/, description: /\.$/, runbook_url: runbook } }, what);
  t.notMatch(alert?.annotations["description"], /<no value>|\{\{/);
}

/** A caller to whom the certificate's authority is a stranger. */
function distrust(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: pratique.port, rejectUnauthorized: true });
    socket.once("error", () => resolve());
    socket.once("secureConnect", () => socket.destroy());
  });
}
