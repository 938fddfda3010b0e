/** What `pratique remove-webhooks --help` prints. */
export const REMOVE_WEBHOOKS_HELP = `Deletes the webhook configurations of an installation, so that no request waits for
Pratique any more. It is the first step of an uninstallation: the chart's pre-delete
hook runs it.

Usage: pratique remove-webhooks --webhook-configuration NAME... [--kubeconfig FILE]

From then on nothing is refused, warned of or recorded, in any namespace. What is gone
already is no error, so it can be run again.

Options:
  --webhook-configuration NAME
                      the ValidatingWebhookConfiguration, which a chart's release
                      names as its Deployment; may be given several times
  --kubeconfig FILE   the cluster. Without it: the cluster of the Pod that this runs in,
                      else the one of your kubeconfig
  -h, --help          this page

Exit status:
  0   they are gone
  1   one could not be deleted; the message says why, and what to do
  2   the call was wrong

Examples:
  pratique remove-webhooks --webhook-configuration pratique
  kubectl delete validatingwebhookconfiguration pratique     the same by hand
`;
