import t from "tap";
import { controllerOf, type ObjectReference } from "../../src/admission/object-reference.ts";
import { Owners } from "../../src/audit/owner.ts";

const owner = (kind: string, name: string): ObjectReference => ({ apiVersion: "apps/v1", kind, name, uid: `${kind}-${name}` });
const pod = owner("Pod", "web-1");
const replicaSet = owner("ReplicaSet", "web-5c9");
const deployment = owner("Deployment", "web");

t.test("the topmost controller is followed through what was listed", async (t) => {
  const owners = new Owners();
  t.same(owners.top("shop", pod), pod, "whom nobody controls owns itself");
  owners.add("shop", pod.uid, replicaSet);
  t.same(owners.top("shop", pod), replicaSet, "and so does a controller that was not listed");
  owners.add("shop", replicaSet.uid, deployment);
  t.same(owners.top("shop", pod), deployment);
  t.same(owners.top("office", pod), pod, "no namespace owns what is in another");
});

t.test("references that lead in a circle end somewhere", async (t) => {
  const owners = new Owners();
  owners.add("shop", pod.uid, replicaSet);
  owners.add("shop", replicaSet.uid, pod);
  t.ok([pod, replicaSet].includes(owners.top("shop", pod)));
});

t.test("the controller is the reference that says so, and any kind will do", async (t) => {
  const references = [
    { apiVersion: "v1", kind: "ConfigMap", name: "first", uid: "1" },
    { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web", uid: "2", controller: true },
  ];
  t.same(controllerOf({ metadata: { ownerReferences: references } }), { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web", uid: "2" });
  for (const metadata of [{}, { ownerReferences: null }, { ownerReferences: references.slice(0, 1) }, { ownerReferences: ["x", { controller: "true" }] }]) {
    t.equal(controllerOf({ metadata }), undefined, JSON.stringify(metadata));
  }
});
