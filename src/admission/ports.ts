import type { Digest } from "../image/digest.ts";
import type { Inspection, Question } from "../inspection/inspect.ts";
import type { Keyring } from "../inspection/keyring.ts";
import type { Call, Clock } from "../inspection/ports.ts";
import type { SecretRef } from "../trust/decode.ts";
import type { SecretText } from "../trust/resolve.ts";
import type { Level } from "../verdict/level.ts";
import type { Reason, VerdictReason } from "../verdict/reason.ts";
import type { Announcement } from "./announcement.ts";
import type { LabelMap, Mode } from "./labels.ts";

export type { LabelMap };

/**
 * The labels of a namespace. Both methods throw UndeterminedError (NamespaceUnknown, DeadlineExceeded) when they cannot
 * be known; a namespace that does not exist has none.
 */
export interface Namespaces {
  /** From the watch while it is young, else by a direct read. */
  labels(namespace: string, call: Call): Promise<LabelMap>;
  /** Past every cache: what the API server says now. */
  freshLabels(namespace: string, call: Call): Promise<LabelMap>;
}

/** Whose pull secrets an object's images are fetched with. */
export interface PullIdentity {
  readonly namespace: string;
  /** `imagePullSecrets` of the Pod spec; when empty, the service account's count. */
  readonly pullSecrets: readonly string[];
  readonly serviceAccount: string;
}

/** The credentials of an object's pull secrets. Throws UndeterminedError (CredentialsUnavailable, DeadlineExceeded). */
export interface PullSecrets {
  keyring(identity: PullIdentity, call: Call): Promise<Keyring>;
}

/**
 * Judges one image at one level. What cannot be found out is a verdict, an UndeterminedError of the question's keyring
 * included; whatever is thrown is a defect.
 */
export interface Inspector {
  inspect(question: Question, call: Call): Promise<Inspection>;
}

/** A running Pod, as far as a relabelled namespace needs it. */
export interface RunningPod {
  readonly name: string;
  /** The Pod as the API server has it. */
  readonly object: unknown;
}

export interface PodLister {
  /** At most `limit` Pods; `more` when there are others. Throws UndeterminedError. */
  list(namespace: string, limit: number, call: Call): Promise<{ readonly pods: readonly RunningPod[]; readonly more: boolean }>;
}

/** A clock with alarms. */
export interface Timer extends Clock {
  /** Calls `fire` once, `milliseconds` from now; calling the answer cancels it. */
  after(milliseconds: number, fire: () => void): () => void;
}

/** The Secrets that trust policies name. */
export interface PolicySecrets {
  /** What is there now. Never throws for what the API server says or does not say. */
  read(ref: SecretRef, call: Call): Promise<SecretText>;
}

/** The metrics and log lines of admission, without a word on how they are kept. */
export interface Recorder {
  admission(event: AdmissionEvent): void;
  violation(event: ViolationEvent): void;
  image(event: ImageEvent): void;
  /** A defect of ours, with its cause, for the log. */
  defect(uid: string, cause: unknown): void;
}

export interface AdmissionEvent {
  readonly uid: string;
  readonly entry: string;
  readonly operation: string;
  readonly decision: "allow" | "deny";
  readonly reason: Reason;
  /** Seconds from the request's first byte. */
  readonly seconds: number;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
}

/** An image that does not pass for one of the namespace's modes. */
export interface ViolationEvent {
  readonly uid: string;
  readonly mode: Mode;
  readonly level: Level;
  readonly reason: VerdictReason;
  readonly namespace: string;
  readonly reference: string;
}

export interface ImageEvent {
  readonly uid: string;
  readonly level: Level;
  readonly verdict: "trusted" | "untrusted" | "undetermined" | "exempt";
  readonly reason: VerdictReason;
  readonly reference: string;
  readonly digest: Digest | undefined;
}

export interface Announcer {
  /** Takes it over at once, and never throws: nobody waits for it, and it may come to nothing. */
  announce(announcement: Announcement): void;
}

/** Everything that admission needs of the world. */
export interface AdmissionPorts {
  readonly namespaces: Namespaces;
  readonly pullSecrets: PullSecrets;
  readonly inspector: Inspector;
  readonly pods: PodLister;
  readonly policySecrets: PolicySecrets;
  readonly recorder: Recorder;
  readonly announcer: Announcer;
  readonly timer: Timer;
}
