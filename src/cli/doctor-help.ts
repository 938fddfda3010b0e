/** What `pratique doctor --help` prints. */
export const DOCTOR_HELP = `Looks at an installation as it is in the cluster and says what is dangerous or broken:
webhooks that fail open or match too little, Pods that are too few, certificates that do
not fit, a configuration that lets anything through, labels that anybody may change, no
answer. Each finding has its remedy. Nothing is changed: the webhook is asked by dry runs.

Usage: pratique doctor [-n NS] [OPTIONS]

Options:
  -n, --namespace NS     the installation in this namespace; without it, every one that is
                         in the cluster
  --ask ENTRY            which entries of the webhook are asked, by dry runs that they
                         must refuse: policies, namespaces or enforce, or none; may come
                         several times. Without it, all three
  --output FORMAT        text (the default) or json
  --kubeconfig FILE      the cluster to look at; without it, as kubectl finds it, or the
                         cluster of the Pod that this runs in
  --context NAME         a context of the kubeconfig
  -h, --help             this page

Findings are of three kinds. danger: something comes in unjudged, or the cluster could
lock itself. broken: something does not do what it is there for. advice: it works, and
would be better otherwise. Every code is explained in docs/doctor.md.

What your account may not read is listed as "not looked at", with what to grant, and is
never taken for well; docs/doctor.md has roles that are enough. A dry run takes the
right to create: a TrustPolicy in Pratique's own namespace for the entry \`policies\`, a
Namespace for \`namespaces\`, and a Pod in a namespace that enforces for \`enforce\`. An
account that should not have these rights can leave the question out with --ask.

Exit status:
  0   nothing is dangerous or broken; there may be advice
  1   something is dangerous or broken
  2   nothing is, and something could not be looked at, or the call was wrong

Examples:
  pratique doctor
  pratique doctor --ask policies
  pratique doctor -n pratique-system --context production
  pratique doctor --output json | jq -r '.findings[] | [.severity, .code] | @tsv'
`;
