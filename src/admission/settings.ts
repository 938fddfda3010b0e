import type { Exemptions } from "./exemption.ts";
import type { Demand } from "./labels.ts";

export interface AdmissionSettings {
  /** What a namespace without labels asks for. */
  readonly defaults: Demand;
  readonly exemptions: Exemptions;
  /** The most that a request may take, in milliseconds (`requestSeconds`). */
  readonly requestMilliseconds: number;
  /** The namespace whose Secrets a ClusterTrustPolicy may name. */
  readonly installationNamespace: string;
}
