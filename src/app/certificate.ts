import { CertificateKeeper, type CertificateRecorder, serviceNames } from "../adapters/kubernetes/certificate-keeper.ts";
import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import type { ReflectorOptions } from "../adapters/kubernetes/reflector.ts";
import { WatchedObject } from "../adapters/kubernetes/watched-object.ts";
import { HeldCertificate, type Pair } from "../adapters/server/certificate-source.ts";
import { pemOf } from "../certificate/certificates.ts";
import { createCa, type Holder, issueServing } from "../certificate/issue.ts";
import type { Config } from "../config.ts";

/** Serves a certificate from now on; resolves when new connections get it. */
export type Serve = (pair: Pair) => Promise<void>;

type KeeperOptions = ReflectorOptions & { readonly recorder: CertificateRecorder; readonly serve: Serve };

/** The certificate that we look after; undefined where files are served. */
export function heldCertificate({ tls, installationNamespace }: Config, now: number): HeldCertificate | undefined {
  if (tls.managed === undefined) return undefined;
  const names = serviceNames({ namespace: installationNamespace, name: tls.managed.serviceName });
  const order = { names, now, expires: now + tls.managed.lifetimes.serving };
  return new HeldCertificate(pairOf(issueServing(createCa(order), order)), tls.clientCAFile);
}

/** Whoever looks after it; undefined where files are served. */
export function certificateKeeper({ tls, installationNamespace: namespace }: Config, client: ClusterClient, options: KeeperOptions): CertificateKeeper | undefined {
  if (tls.managed === undefined) return undefined;
  const { serviceName, secretName, webhookConfigurationName, lifetimes } = tls.managed;
  const service = { namespace, name: serviceName };
  const share = (changed: () => void) => ({
    secret: new WatchedObject(client, { resource: "secrets", path: ["api", "v1", "namespaces", namespace, "secrets"], name: secretName }, { ...options, changed }),
    webhookConfiguration: new WatchedObject(client, { resource: CONFIGURATIONS, path: ["apis", "admissionregistration.k8s.io", "v1", CONFIGURATIONS], name: webhookConfigurationName }, { ...options, changed }),
  });
  return new CertificateKeeper(share, { ...options, service, secretName, names: serviceNames(service), lifetimes, serve: (serving) => options.serve(pairOf(serving)) });
}

const CONFIGURATIONS = "validatingwebhookconfigurations";

function pairOf({ certificate, key }: Holder): Pair {
  return { cert: certificate.toString(), key: pemOf(key) };
}
