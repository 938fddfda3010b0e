/** What `pratique audit --help` prints. */
export const AUDIT_HELP = `Judges what a cluster runs: every image of running Pods and of workload templates, as the
webhook would with that Pod's pull secrets, and says who owns it, the verdict, its
reason and what to do next. Nothing in the cluster is changed.

Usage: pratique audit [-A | -n NS] [OPTIONS]

Options:
  -A, --all-namespaces   every namespace
  -n, --namespace NS     this one; without either, the one of your kubeconfig's context
  --level LEVEL          signed or verified, in place of what the namespaces ask for.
                         Without it, a namespace's labels decide: the strictest level of
                         its enforce, warn and audit; where there is none, signed.
                         At level signed the signature itself is not verified.
  --output FORMAT        text (the default) or json
  --config FILE          the webhook's configuration: registries, exemptions, defaults,
                         and the installation's credentials
  --kubeconfig FILE      the cluster to look at; without it, as kubectl finds it
  --context NAME         a context of the kubeconfig
  -h, --help             this page

Owners are the topmost controllers: a Deployment and not its Pods. Old revisions without
replicas and Jobs that have ended are left out. "drift" means that a Pod runs a digest
which its reference does not name now: the tag has moved since it started.

Your account needs to list namespaces and workloads, and to get the secrets and service
accounts that Pods name; docs/audit.md has a role for that. With -n it needs to get the
namespace alone.

Exit status:
  0   every image passes
  1   at least one is untrusted: the evidence says no
  2   at least one could not be found out and none is untrusted, or the call was wrong

Examples:
  pratique audit -A --level signed              what would be refused if all enforced?
  pratique audit -n shop --config pratique.yaml
  pratique audit -A --output json | jq -r '.images[] | select(.drift != []).owner.name'
`;
