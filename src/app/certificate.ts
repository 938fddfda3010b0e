import { CertificateKeeper, type CertificateRecorder, serviceNames } from "../adapters/kubernetes/certificate-keeper.ts";
import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import type { ReflectorOptions } from "../adapters/kubernetes/reflector.ts";
import { HeldCertificate, type Pair } from "../adapters/server/certificate-source.ts";
import { pemOf } from "../certificate/certificates.ts";
import { createCa, type Holder, issueServing } from "../certificate/issue.ts";
import type { Config } from "../config.ts";

/** Serves a certificate from now on; resolves when new connections get it. */
export type Serve = (pair: Pair) => Promise<void>;

/** The certificate that we look after; undefined where files are served. */
export function heldCertificate({ tls, installationNamespace }: Config, now: number): HeldCertificate | undefined {
  if (tls.managed === undefined) return undefined;
  const names = serviceNames({ namespace: installationNamespace, name: tls.managed.serviceName });
  const order = { names, now, expires: now + tls.managed.lifetimes.serving };
  return new HeldCertificate(pairOf(issueServing(createCa(order), order)), tls.clientCAFile);
}

/** Whoever looks after it; undefined where files are served. */
export function certificateKeeper(
  { tls, installationNamespace }: Config,
  client: ClusterClient,
  options: ReflectorOptions & { readonly recorder: CertificateRecorder; readonly serve: Serve },
): CertificateKeeper | undefined {
  if (tls.managed === undefined) return undefined;
  const { serviceName, ...managed } = tls.managed;
  const service = { namespace: installationNamespace, name: serviceName };
  return new CertificateKeeper(client, {
    ...options,
    ...managed,
    service,
    names: serviceNames(service),
    certificateRecorder: options.recorder,
    serve: (serving) => options.serve(pairOf(serving)),
  });
}

function pairOf({ certificate, key }: Holder): Pair {
  return { cert: certificate.toString(), key: pemOf(key) };
}
