import { join } from "node:path";
import t, { type Test } from "tap";
import { ApiServerDouble, type Fault } from "../helpers/api-server-double.ts";
import { pratique, type Result } from "../helpers/command.ts";
import { temporaryFolder } from "../helpers/folder.ts";

const COLLECTION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

interface Bench {
  readonly api: ApiServerDouble;
  /** Runs the command for configurations of these names. */
  readonly remove: (...names: readonly string[]) => Promise<Result>;
}

/** A cluster with the configurations `pratique` and `other`. */
async function bench(t: Test): Promise<Bench> {
  const api = await ApiServerDouble.start();
  t.teardown(() => api.close());
  for (const name of ["pratique", "other"]) api.put(COLLECTION, { metadata: { name } });
  const folder = await temporaryFolder(t, { kubeconfig: api.kubeconfig() });
  const kubeconfig = join(folder, "kubeconfig");
  return { api, remove: (...names) => pratique(["remove-webhooks", ...names.flatMap((name) => ["--webhook-configuration", name]), "--kubeconfig", kubeconfig]) };
}

t.test("what is named is deleted, and nothing else", async (t) => {
  const { api, remove } = await bench(t);
  t.same(await remove("pratique"), { status: 0, out: "ValidatingWebhookConfiguration pratique: removed; no request waits for it any more\n", err: "" });
  t.equal(api.object(COLLECTION, "pratique"), undefined);
  t.ok(api.object(COLLECTION, "other"));
  t.same(api.requests.map(({ method, path }) => `${method} ${path}`), [`DELETE ${COLLECTION}/pratique`]);
});

t.test("what is gone already is no error", async (t) => {
  const { remove } = await bench(t);
  await remove("pratique");
  t.same(await remove("pratique"), { status: 0, out: "ValidatingWebhookConfiguration pratique: not there; nothing to remove\n", err: "" });
});

t.test("several are deleted, each whatever becomes of the others", async (t) => {
  const { api, remove } = await bench(t);
  api.fault = ({ path }) => (path.endsWith("/pratique") ? { status: 403, body: {} } : undefined);
  const { status, out, err } = await remove("pratique", "other", "third");
  t.equal(status, 1);
  t.match(out, "ValidatingWebhookConfiguration other: removed");
  t.match(out, "ValidatingWebhookConfiguration third: not there");
  t.match(err, "ValidatingWebhookConfiguration pratique could not be deleted");
  t.equal(api.object(COLLECTION, "other"), undefined);
});

t.test("what cannot be deleted is told, with what to do", async (t) => {
  const cases: readonly (readonly [fault: Fault, words: string])[] = [
    [{ status: 403, body: {} }, "grant delete on validatingwebhookconfigurations, name pratique, to the account that Pratique runs as (RBAC)"],
    [{ status: 401, body: {} }, "does not accept Pratique's own credentials (401)"],
    // Of a proxy, and not of the API server: nothing is known of the object.
    [{ status: 404, body: "not found" }, "the API server serves no such resource (404)"],
  ];
  for (const [fault, words] of cases) {
    const { api, remove } = await bench(t);
    api.fault = () => fault;
    const { status, out, err } = await remove("pratique");
    t.same([status, out], [1, ""]);
    t.match(err, `pratique: the ValidatingWebhookConfiguration pratique could not be deleted: `);
    t.ok(err.includes(words), err);
  }
});

t.test("an API server that is away for a moment is asked again", async (t) => {
  const { api, remove } = await bench(t);
  let failures = 2;
  api.fault = () => {
    failures -= 1;
    return failures >= 0 ? { status: 503, body: {} } : undefined;
  };
  t.match(await remove("pratique"), { status: 0, out: /removed/ });
  t.equal(api.requests.length, 3);
});
