import { advise, type Finding, finding, listed } from "../finding.ts";
import { word } from "../patch.ts";
import type { Editor } from "../read/editors.ts";
import type { LabelPolicy } from "../read/label-policy.ts";
import type { Reliance } from "../reliance.ts";
import { whenSeen } from "../seen.ts";
import type { Snapshot } from "../snapshot.ts";

/** The labels of a namespace are the policy, so that whoever may change them may switch it off. */
export function checkLabelProtection({ labelPolicies, editors, labellers, installations }: Snapshot, reliance: Reliance): readonly Finding[] {
  return whenSeen(labelPolicies, (policies) => {
    const weaknesses = policies.map((policy) => ({ policy, faults: faultsOf(policy) }));
    const sound = weaknesses.find(({ faults }) => faults.length === 0);
    if (sound !== undefined) return whenSeen(labellers, (all) => given(sound.policy, all));
    if (weaknesses.length > 0) return weaknesses.map(({ policy, faults }) => weakened(policy, faults));
    const { release = "pratique", namespace = "pratique-system" } = installations[0] ?? {};
    return whenSeen(editors, (all) => [unprotected(all, reliance, `helm upgrade ${word(release)} charts/pratique -n ${word(namespace)} --reuse-values --set labelProtection.enabled=true`)]);
  });
}

function faultsOf({ failurePolicy, matchConditions, isNarrowed, overlooked, bindings }: LabelPolicy): readonly string[] {
  const denying = bindings.filter(({ actions, isNarrowed }) => actions.includes("Deny") && !isNarrowed);
  const unbound = bindings.length === 0 ? "no binding puts it into force" : bindings.some(({ isNarrowed }) => isNarrowed) ? `its binding ${bindings.map(({ name }) => name).join(", ")} is for some objects alone` : `its binding ${bindings.map(({ name }) => name).join(", ")} does not say Deny`;
  return [
    ...(denying.length === 0 ? [unbound] : []),
    ...(failurePolicy === "Fail" ? [] : [`its failurePolicy is ${failurePolicy}`]),
    ...(matchConditions === 0 ? [] : ["it has matchConditions"]),
    ...(isNarrowed ? ["its matchConstraints leave some namespaces out"] : []),
    ...(overlooked.length === 0 ? [] : [`its rules do not match ${listed(overlooked)}`]),
  ];
}

function weakened({ name, bindings }: LabelPolicy, faults: readonly string[]): Finding {
  const [binding] = bindings;
  const isAction = binding !== undefined && !binding.isNarrowed && !binding.actions.includes("Deny") && faults.length === 1;
  return finding("ProtectionWeakened", "danger", {
    subject: { kind: "ValidatingAdmissionPolicy", name },
    message: `It is there to keep the labels of Pratique from being changed, and does not: ${listed(faults)}.`,
    remedy: isAction
      ? advise("Let the binding deny.", `kubectl patch validatingadmissionpolicybinding ${word(binding.name)} --type=merge -p '{"spec":{"validationActions":["Deny"]}}'`)
      : advise("Apply the chart again, which writes policy and binding whole."),
  });
}

// A permission that everybody has protects nothing.
function given({ name }: LabelPolicy, labellers: readonly Editor[]): readonly Finding[] {
  const broad = labellers.filter(({ isBroad }) => isBroad).map(({ subject, through }) => `${subject} (${through})`);
  if (broad.length === 0) return [];
  return [
    finding("ProtectionWeakened", "danger", {
      subject: { kind: "ValidatingAdmissionPolicy", name },
      message: `It asks for the verb \`label\` on namespaces of pratique.dev, which everybody of this group may: ${listed(broad)}.`,
      remedy: advise("Take the binding away, and bind those who look after Pratique."),
    }),
  ];
}

function unprotected(editors: readonly Editor[], reliance: Reliance, command: string): Finding {
  const remedy = advise("Have the API server ask for a permission of its own before one of these labels is changed:", command);
  const subject: Finding["subject"] = { kind: "Cluster", name: "cluster", part: "labels pratique.dev/*" };
  if (editors.length === 0) {
    return finding("LabelsUnprotected", "advice", { subject, message: "No ValidatingAdmissionPolicy protects the labels. By RBAC nobody but cluster administrators may change namespaces now, and a single RoleBinding changes that.", remedy });
  }
  const broad = editors.filter(({ isBroad }) => isBroad);
  const named = (broad.length > 0 ? broad : editors).map(({ subject, through, namespace }) => `${subject} (${through}${namespace === undefined ? "" : ", its own namespace"})`);
  const who = broad.length > 0 ? "Everybody of this group may change them" : "These may change them";
  return finding("LabelsUnprotected", reliance === "relied-on" ? "danger" : "advice", { subject, message: `The labels say what is enforced, and anybody who may change a namespace may take them off. ${who}: ${listed(named)}.`, remedy });
}
