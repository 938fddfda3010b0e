import type { Announcer, LabelMap, Namespaces, PodLister, PolicySecrets, PullSecrets } from "../../admission/ports.ts";
import { EMPTY_KEYRING } from "../../inspection/keyring.ts";
import type { SourceCredentials } from "../../inspection/ports.ts";

const NO_LABELS: LabelMap = new Map();

/** The configuration's `namespaces` (design section 11): no API server is asked, and an unlisted one has no labels. */
export class ConfiguredNamespaces implements Namespaces {
  readonly #namespaces: ReadonlyMap<string, LabelMap>;

  constructor(namespaces: ReadonlyMap<string, LabelMap>) {
    this.#namespaces = namespaces;
  }

  async labels(namespace: string): Promise<LabelMap> {
    return this.#namespaces.get(namespace) ?? NO_LABELS;
  }

  freshLabels(namespace: string): Promise<LabelMap> {
    return this.labels(namespace);
  }
}

/** Without a cluster there are no pull secrets: the installation's credentials are all. */
export const NO_PULL_SECRETS: PullSecrets = { keyring: async () => EMPTY_KEYRING };

export const NO_SOURCE_CREDENTIALS: SourceCredentials = { keyring: async () => EMPTY_KEYRING };

/** Without a cluster nobody reviews a policy; should one come all the same, its Secrets are nowhere. */
export const NO_POLICY_SECRETS: PolicySecrets = {
  read: async ({ namespace, name }) => ({ kind: "absent", message: `the Secret ${namespace}/${name} cannot be read: no API server is asked` }),
};

/** Without a cluster no Pod runs. */
export const NO_PODS: PodLister = { list: async () => ({ pods: [], more: false }) };

/** Where nobody is to be told, or nobody could be. */
export const NO_ANNOUNCER: Announcer = { announce: () => undefined };
