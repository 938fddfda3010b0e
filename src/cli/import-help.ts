/** What `pratique import --help` prints. */
export const IMPORT_HELP = `Turns policies of other tools into trust policies, and says what could not be carried and
what that means for safety.

Usage: pratique import FILE... [--unsafe-looser]

Reads YAML, several documents a file; \`-\` is standard input. Known are:
  ClusterImagePolicy           sigstore policy-controller
  ClusterPolicy, Policy        Kyverno: rules of verifyImages with keys
  Connaisseur's configuration  its Helm values, or \`validators\` and \`policy\` by themselves

The policies go to standard output, the report to standard error. Each line of it begins
with what the field means for safety:
  looser     ours would ask for less: nothing is written for that document
  stricter   ours asks for more, or trusts fewer
  note       nothing changes for safety, and you have to know

Options:
  --unsafe-looser   write also what admits more than its source
  -h, --help        this page

Exit status:
  0   everything is written
  1   something was withheld or could not be written; the report says what
  2   the call was wrong, or a file cannot be read

Examples:
  kubectl get clusterimagepolicies -o yaml | pratique import -
  pratique import cip.yaml > policies.yaml
  pratique import values.yaml | kubectl apply --dry-run=server -f -
`;
