/** What `pratique check --help` prints. */
export const CHECK_HELP = `Judges images as the webhook would, and shows what is attached to them: for each
platform the signatures and other accessories, where they were found, what they
claim, the verdict, its reason and what to do next. At level verified also which
policies govern the image, whom they accepted, and why nobody else.

Usage: pratique check IMAGE... [OPTIONS]

Options:
  --level LEVEL      signed (the default): a cosign signature document claims exactly
                     this digest. The signature itself is not verified.
                     verified: every trust policy that governs the image is satisfied by
                     real verification.
  --index RULE       which parts of a multi-platform image must be signed:
                     both (the default)   the index and every platform in it
                     covered              every platform, itself or through the index
                     index                the index alone
                     children             every platform itself
  --namespace NS     take level and rule from this namespace's labels: from the
                     configuration's \`namespaces\` if it has them, else from the cluster
                     of your kubeconfig. --level and --index win.
  --policy FILE      verify by the trust policies in this file, in place of the
                     cluster's; may come several times, and means --level verified.
                     Secrets that they name may stand beside them.
  --config FILE      settings of registries, exemptions and defaults, as for \`serve\`
  --output FORMAT    text (the default) or json
  -h, --help         this page

Credentials come from your docker configuration ($DOCKER_CONFIG/config.json, else
~/.docker/config.json), never from pull secrets or credential helpers. Registries
named here may have private addresses, and loopback ones are asked over plain HTTP.

Exit status:
  0   every image passes
  1   at least one is untrusted: the evidence says no
  2   at least one could not be found out and none is untrusted, or the call was wrong

Examples:
  pratique check docker.io/library/nginx:1.29
  pratique check harbor.example.com/shop/web:1.4 --index covered
  pratique check harbor.example.com/shop/web:1.4 --namespace shop
  pratique check harbor.example.com/shop/web:1.4 --policy policy.yaml
  pratique check "$IMAGE" --output json | jq -r '.images[0].reason'
  pratique check localhost:5000/web:dev
`;
