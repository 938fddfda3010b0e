/** What `pratique serve --help` prints. */
export const SERVE_HELP = `Answers an API server's admission reviews over TLS, until it is asked to stop.

Usage: pratique serve [--config FILE] [OPTIONS]

Options:
  --config FILE           the configuration, in YAML; without it, every default
  --kubeconfig FILE       the cluster to ask for namespaces, pull secrets and Pods.
                          Without it: the cluster of the Pod that this runs in, else
                          the one of your kubeconfig. With \`namespaces\` in the
                          configuration no cluster is asked at all.
  --listen ADDR           HTTPS for reviews, /livez and /readyz (0.0.0.0:8443)
  --metrics-listen ADDR   HTTP for /metrics (0.0.0.0:9090)
  --tls-cert-file FILE    the serving certificate, read again when it changes
  --tls-key-file FILE     its private key
  --client-ca-file FILE   ask whoever posts reviews for a certificate of this CA
  --certificate-secret NAME
                          instead of the files: make and renew a certificate in this
                          Secret of the installation's namespace, shared by all replicas
  --service NAME          the Service that it is for
  --webhook-configuration NAME
                          the ValidatingWebhookConfiguration that is told its CA
  --installation-namespace NS
                          where Pratique is installed: its certificate's Secret, its
                          Service, the Secrets of ClusterTrustPolicies (pratique-system)
  --log-level LEVEL       trace, debug, info (the default), warn, error or fatal
  -h, --help              this page

Flags win over the configuration. Log lines are JSON on standard output. On SIGTERM
/readyz fails, reviews are still answered for \`drainSeconds\`, and then it ends; a second
signal ends it at once.

Level signed means that a cosign signature document claims an image's digest; the
signature itself is not verified. Say in \`signed.repositories\` where that counts.

Exit status:
  0   stopped when asked to
  1   could not start: a port is taken, a certificate cannot be used
  2   the call or the configuration was wrong; every error is listed

Examples:
  pratique serve --config /etc/pratique/pratique.yaml
  pratique serve --config pratique.yaml --kubeconfig ~/.kube/config --log-level debug
  pratique serve --config pratique.yaml --listen 127.0.0.1:0 \\
    --tls-cert-file tls.crt --tls-key-file tls.key
`;
