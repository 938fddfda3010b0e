import type { Sought } from "../signature/candidate.ts";
import type { UndeterminedReason, UntrustedReason } from "./reason.ts";

/** What a remedy may name. */
export interface RemedyContext {
  /** `host/path`. */
  readonly repository: string;
  /** The registry that has to answer. */
  readonly host: string;
  /** `host/path@digest`. */
  readonly pinned: string;
  /** `host/path` of the repository that holds the signatures; undefined where they lie beside the image. */
  readonly signatures: string | undefined;
  /** Whether the platforms of an index must be signed as well. */
  readonly isRecursive: boolean;
  /** What would have to be there; a signature when absent. */
  readonly seeks?: Sought;
}

/** What to do next, as a whole sentence for a person, for each reason that is not a pass. */
export function remedyFor(reason: UntrustedReason | UndeterminedReason, context: RemedyContext): string {
  return REMEDIES[reason](context);
}

const sign = (context: RemedyContext): string => (context.seeks === "attestations" ? attest(context) : `Sign it with \`${cosignSign(context, "")}\`.`);
const attest = (context: RemedyContext): string => `Attach the attestations that the trust policy asks for with \`${cosign(context)} attest ... ${context.pinned}\`.`;
const cosignSign = (context: RemedyContext, flags: string): string => `${cosign(context)} sign ${context.isRecursive ? "--recursive " : ""}${flags}${context.pinned}`;
// The variable by which cosign is told of a repository for signatures.
const cosign = ({ signatures }: RemedyContext): string => (signatures === undefined ? "cosign" : `COSIGN_REPOSITORY=${signatures} cosign`);
const say = (sentence: string) => (): string => sentence;

const REMEDIES: Readonly<Record<UntrustedReason | UndeterminedReason, (context: RemedyContext) => string>> = {
  InvalidReference: say("Correct the image reference."),
  RegistryForbidden: say("Use a registry that image references may reach, or have the configuration allow this one."),
  RepositoryNotTrusted: ({ repository }) => `Use an image of a trusted repository, or have ${repository} added to \`signed.repositories\` in the configuration.`,
  TagNotAllowed: ({ repository }) => `Name the image by its digest: \`${repository}@sha256:...\` (\`crane digest\` prints it).`,
  ImageNotFound: say("Check the name and the tag, and push the image before it is deployed."),
  BlockedByRegistry: say("The registry's own content policy refuses this image; ask the owner of its project there."),
  Unsigned: sign,
  PlatformUnsigned: sign,
  ClaimMismatch: sign,
  NoPlatform: say("Push an index that has a manifest for the platforms of the cluster's nodes."),
  DigestMismatch: say("Do not use this image: the registry hands out other content than the digest names. Tell the registry's operators."),
  Malformed: say("Push the image, or sign it, again with a tool that writes valid OCI documents."),
  TooLarge: say("Remove accessories or platforms that are no longer needed; the limits are in docs/reasons.md."),
  NoPolicy: ({ repository }) => `Have a ClusterTrustPolicy govern it, with a glob in its \`images\` that matches ${repository}.`,
  PolicyInvalid: say("Correct the trust policy; its status names the field."),
  UntrustedSigner: (context) => `Sign it with a key that the trust policy accepts: \`${cosignSign(context, "--key ... ")}\`.`,
  ThresholdNotMet: say("Have it signed by more of the signers that the trust policy names."),
  AttestationMissing: attest,
  StaticFail: say("The trust policy refuses this image by name; use another one."),
  Unauthorized: ({ host }) => `Give the Pod or its service account an imagePullSecret for ${host} that may pull this repository.`,
  RateLimited: ({ host }) => `${host} limits requests: try again later, or use credentials with a higher limit.`,
  RegistryUnavailable: ({ host }) => `Try again once ${host} answers.`,
  DeadlineExceeded: ({ host }) => `Try again; if it stays so, ${host} is too slow or not reachable from the cluster.`,
  CredentialsUnavailable: say("Try again once the API server answers; the image pull secrets could not be read."),
  NamespaceUnknown: say("Try again once the API server answers; the namespace's labels could not be read."),
  PoliciesUnknown: say("Try again once the API server answers; the trust policies could not be read."),
  Overloaded: say("Try again in a moment."),
  InternalError: say("This is a defect of Pratique; its log has the cause under this request's uid."),
};
