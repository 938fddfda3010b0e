import { repositoryName } from "../image/reference.ts";
import type { Sought } from "../signature/candidate.ts";
import type { Source } from "../trust/authority.ts";
import type { UndeterminedReason, UntrustedReason } from "./reason.ts";

/** What a remedy may name. */
export interface RemedyContext {
  /** `host/path`. */
  readonly repository: string;
  /** The registry that has to answer. */
  readonly host: string;
  /** `host/path@digest`. */
  readonly pinned: string;
  /** Whether the platforms of an index must be signed as well. */
  readonly isRecursive: boolean;
  /** What would have to be there; a signature when absent. */
  readonly seeks?: Sought;
  /** Where a policy says that that would have to be; where the registry's signatures are when absent. */
  readonly source?: Source;
  /** `host/path` of the repository that holds the registry's signatures; beside the image when absent. */
  readonly signatures?: string;
}

/** A command of cosign that writes to where it would be found. */
function cosign({ source, signatures }: RemedyContext, command: "sign" | "attest"): string {
  if (source?.kind !== "repository") return signatures === undefined ? `cosign ${command}` : `COSIGN_REPOSITORY=${signatures} cosign ${command}`;
  const prefix = source.tagPrefix === "" ? "" : ` --attachment-tag-prefix ${source.tagPrefix}`;
  return `COSIGN_REPOSITORY=${repositoryName(source.repository)} cosign ${command}${prefix}`;
}

/** What to do next, as a whole sentence for a person, for each reason that is not a pass. */
export function remedyFor(reason: UntrustedReason | UndeterminedReason, context: RemedyContext): string {
  return REMEDIES[reason](context);
}

const sign = (context: RemedyContext): string => {
  const { pinned, isRecursive, seeks } = context;
  return seeks === "attestations" ? attest(context) : `Sign it with \`${cosign(context, "sign")} ${isRecursive ? "--recursive " : ""}${pinned}\`.`;
};
const attest = (context: RemedyContext): string => `Attach the attestations that the trust policy asks for with \`${cosign(context, "attest")} ... ${context.pinned}\`.`;
const hostOf = ({ host, source }: RemedyContext): string => (source?.kind === "repository" ? source.repository.host : host);
function letIn({ host, source }: RemedyContext): string {
  if (source?.kind !== "repository") return `Give the Pod or its service account an imagePullSecret for ${host} that may pull this repository.`;
  const name = repositoryName(source.repository);
  return source.pullSecrets === undefined
    ? `Name a Secret that may pull ${name} in the trust policy's \`signaturePullSecrets\`, or give the Pod or its service account such an imagePullSecret.`
    : `Correct the Secrets that the trust policy names in \`signaturePullSecrets\`: one of them must open ${name}.`;
}
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
  UntrustedSigner: (context) => `Sign it with a key that the trust policy accepts: \`${cosign(context, "sign")} ${context.isRecursive ? "--recursive " : ""}--key ... ${context.pinned}\`.`,
  ThresholdNotMet: say("Have it signed by more of the signers that the trust policy names."),
  AttestationMissing: attest,
  StaticFail: say("The trust policy refuses this image by name; use another one."),
  Unauthorized: letIn,
  RateLimited: (context) => `${hostOf(context)} limits requests: try again later, or use credentials with a higher limit.`,
  RegistryUnavailable: (context) => `Try again once ${hostOf(context)} answers.`,
  UnexpectedAnswer: (context) => `Look at ${hostOf(context)}, and at whatever stands before it: an OCI registry does not answer so.`,
  DeadlineExceeded: (context) => `Try again; if it stays so, ${hostOf(context)} is too slow or not reachable from the cluster.`,
  CredentialsUnavailable: say("Try again once the credentials can be had: pull secrets from the API server, those of a cloud from its token service."),
  NamespaceUnknown: say("Try again once the API server answers; the namespace's labels could not be read."),
  PoliciesUnknown: say("Try again once the trust policies can be read."),
  Overloaded: say("Try again in a moment."),
  InternalError: say("This is a defect of Pratique; its log has the cause under this request's uid."),
};
