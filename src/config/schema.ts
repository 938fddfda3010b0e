import { Type, type Static, type TSchema } from "typebox";
import { OUTAGE_ANSWERS } from "../admission/labels.ts";
import { CLOUDS } from "../image/cloud-registry.ts";
import { INDEX_RULES } from "../image/index.ts";
import { LEVELS } from "../verdict/level.ts";
import type { Format } from "./format.ts";

export const PRIVATE_ADDRESSES = ["allow", "configured"] as const;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

const flag = (description: string) => Type.Boolean({ description, default: false });
const file = (description: string, value = "") => Type.String({ description, default: value });
const formatted = (format: Format, description: string, value: string) => Type.String({ description, format, default: value });
const level = (mode: string) => Type.Enum([...LEVELS], { description: `The \`${mode}\` level of a namespace without that label.`, default: "none" });

function seconds(description: string, value: number, range: { readonly minimum: number; readonly maximum: number }) {
  return Type.Number({ description, default: value, ...range });
}

function list<Item extends TSchema>(item: Item, description: string, value: Static<Item>[] = []) {
  return Type.Array(item, { description, default: value });
}

function group<Fields extends Record<string, TSchema>>(description: string, fields: Fields) {
  return Type.Object(fields, { description, default: {}, additionalProperties: false });
}

const item = (format: Format) => Type.String({ format });

/** One entry of `registries[].mirrors`. */
const MirrorSchema = Type.Object(
  {
    location: Type.String({ description: "Host of the mirror, with what stands there before the repositories' own paths: `mirror.example.com`, `harbor.example.com/hub`.", format: "location" }),
    tags: Type.Boolean({ description: "Believe this mirror which digest a tag names. `false`: it is asked by digest alone.", default: true }),
    signatures: Type.Boolean({ description: "Look for signatures at this mirror too.", default: true }),
  },
  { additionalProperties: false },
);

export const REGISTRY_KINDS = ["oci", "harbor"] as const;
export const UPSTREAM = ["last", "never"] as const;

/** One entry of `registries`. */
export const RegistrySchema = Type.Object(
  {
    host: Type.String({ description: "Host of the registry, with its port when it has one. Docker Hub is `docker.io`.", format: "host" }),
    kind: Type.Enum([...REGISTRY_KINDS], { description: "What the registry is. `harbor`: Harbor's own list of accessories is asked first.", default: "oci" }),
    onOutage: Type.Enum([...OUTAGE_ANSWERS], {
      description: "`allow` lets a namespace with `pratique.dev/on-outage: allow` admit images of this registry while it cannot be reached.",
      default: "deny",
    }),
    plainHTTP: flag("Speak HTTP without TLS to this registry."),
    allowPrivate: flag("Lift every limit on the addresses that this host may have: private, loopback and link-local ones too."),
    caFile: file("PEM file with the CA certificates of this registry, used instead of the system's."),
    clientCertFile: file("PEM file with the certificate (and its chain) that we show to this registry, where it asks for one."),
    clientKeyFile: file("PEM file with the private key of `clientCertFile`."),
    dockerConfigFile: file("Docker `config.json` with the installation's credentials for this registry, used where no pull secret matches."),
    credentials: Type.Enum(["none", ...CLOUDS], {
      description: "The cloud that issues the installation's credentials for this registry to the identity of the workload: `ecr` (Amazon ECR), `gar` (Google Artifact Registry, gcr.io), `acr` (Azure Container Registry).",
      default: "none",
    }),
    repositories: list(item("repositoryGlob"), "Globs of the repositories, without the host, that these credentials may be used for.", ["**"]),
    tokenRealms: list(item("realm"), "Hosts of token services (as in their `https` URL), besides the registry's own site, that may be sent credentials of this registry."),
    signatureRepository: formatted("optionalRepository", "Repository, with its host, that holds the signatures of all images of this registry, as cosign's `COSIGN_REPOSITORY`. Empty: they lie beside the images.", ""),
    mirrors: list(MirrorSchema, "Where this registry's images are asked for first, in this order, as the nodes do."),
    upstream: Type.Enum([...UPSTREAM], { description: "When the registry itself is asked: `last`, after its mirrors, or `never`.", default: "last" }),
    maxInFlight: Type.Integer({ description: "Requests to this registry at the same time; more wait.", default: 32, minimum: 1, maximum: 1024 }),
  },
  { additionalProperties: false },
);

/** Every field of the configuration file: types, defaults and what they mean. The chart's schema and the documentation are made from it. */
export const ConfigSchema = group("The configuration of Pratique.", {
  listen: formatted("address", "Address and port of the webhook (HTTPS).", "0.0.0.0:8443"),
  metricsListen: formatted("address", "Address and port of `/metrics` (HTTP).", "0.0.0.0:9090"),
  tls: group("The webhook's serving certificate. Files are read again when they change.", {
    certFile: file("PEM file with the certificate and its chain.", "/etc/pratique/tls/tls.crt"),
    keyFile: file("PEM file with the private key.", "/etc/pratique/tls/tls.key"),
    clientCAFile: file("PEM file with the CA that the API server's client certificate must come from. Empty: callers are not asked for one."),
    managed: group("A certificate that Pratique looks after itself, instead of the files. The three names belong together.", {
      secretName: formatted("optionalName", "Name of the Secret, in the installation's namespace, that holds the CA and the certificate for all replicas. Empty: the files are served.", ""),
      serviceName: formatted("optionalName", "Name of the Service, in the same namespace, that the certificate is for.", ""),
      webhookConfigurationName: formatted("optionalName", "Name of the ValidatingWebhookConfiguration whose entries for that Service trust the CA.", ""),
      caHours: seconds("How long a CA is good for, in hours. The next one is made after two thirds of that.", 8760, { minimum: 0.01, maximum: 87600 }),
      certificateHours: seconds("How long a serving certificate is good for, in hours. The next one is made after two thirds of that.", 2160, { minimum: 0.005, maximum: 87600 }),
    }),
  }),
  defaults: group("What holds in a namespace that does not say otherwise by a label.", {
    enforce: level("enforce"),
    warn: level("warn"),
    audit: level("audit"),
    index: Type.Enum([...INDEX_RULES], { description: "Which parts of a multi-platform image must be signed.", default: "both" }),
    onOutage: Type.Enum([...OUTAGE_ANSWERS], { description: "Whether an image may pass while its registry, marked `onOutage: allow` too, cannot be reached.", default: "deny" }),
    requireDigest: flag("Refuse references without a digest where `enforce` is not `none`."),
  }),
  exemptions: group("What is admitted without being looked at.", {
    namespaces: list(item("namespace"), "Names of namespaces."),
    images: list(item("glob"), "Globs of images."),
  }),
  signed: group("Level `signed`.", {
    repositories: list(item("glob"), "Globs of the repositories where a signature counts: those that only people you trust may push to.", ["**"]),
  }),
  platforms: list(item("platform"), "The platforms of the nodes, as `os/architecture[/variant]`; others in an image index are not looked at. Empty: every platform counts."),
  namespaces: Type.Optional(
    Type.Record(Type.String(), Type.Record(Type.String(), Type.String()), {
      description: "Labels by namespace. When present, no API server is asked; namespaces that are not listed have no labels.",
    }),
  ),
  installationNamespace: formatted("namespace", "The namespace that Pratique is installed in: its Service and the Secrets that it and a ClusterTrustPolicy name are there.", "pratique-system"),
  policyFiles: list(Type.String(), "Files with trust policies, and the Secrets that they name, for where no API server is asked (`namespaces`)."),
  audit: group("What is told besides the answers to requests.", {
    scanMinutes: seconds("Minutes between two scans of what runs in the namespaces that ask for a level; one replica scans. 0: none.", 0, { minimum: 0, maximum: 10080 }),
    admissionEvents: flag("Write an Event for each refusal of a workload, and for what `audit` finds in one that is admitted."),
  }),
  registries: list(RegistrySchema, "Registries that need settings of their own. Any other registry is used with the defaults."),
  privateAddresses: Type.Enum([...PRIVATE_ADDRESSES], {
    description: "Which registries may have private addresses: `allow` for any, `configured` for those with `allowPrivate` alone.",
    default: "allow",
  }),
  requestSeconds: seconds("The longest that a review may take; less when the API server gives less.", 8, { minimum: 0.5, maximum: 30 }),
  drainSeconds: seconds("How long requests are still taken after the order to stop, while `/readyz` fails, so that callers find another replica.", 5, {
    minimum: 0,
    maximum: 300,
  }),
  cache: group("How long answers of registries are kept, and how much of them.", {
    tagSeconds: seconds("How long a tag is taken to name the same digest. 0: looked up for every request.", 10, { minimum: 0, maximum: 3600 }),
    foundSeconds: seconds("How long a signature that was found counts as there.", 600, { minimum: 0, maximum: 86400 }),
    absentSeconds: seconds("How long the absence of a signature is remembered. No refusal rests on an older look.", 5, { minimum: 0, maximum: 5 }),
    staleSeconds: seconds("How long after that a found signature may still be used while its registry cannot be reached.", 3600, { minimum: 0, maximum: 604800 }),
    maxBytes: Type.Integer({ description: "Memory for manifests, blobs and signature lists, in bytes.", default: 67108864, minimum: 1048576, maximum: 1073741824 }),
  }),
  logLevel: Type.Enum([...LOG_LEVELS], { description: "The least severe log lines that are written.", default: "info" }),
});

export type RegistrySettings = Static<typeof RegistrySchema>;

/** A configuration as it is written, with its defaults filled in. */
export type Settings = Static<typeof ConfigSchema>;
