import type { Exemptions } from "./exemption.ts";
import type { Demand } from "./labels.ts";
import type { PassesInOutage } from "./outage.ts";

export interface AdmissionSettings {
  /** What a namespace without labels asks for. */
  readonly defaults: Demand;
  readonly exemptions: Exemptions;
  readonly passesInOutage: PassesInOutage;
  /** The most that a request may take, in milliseconds (`requestSeconds`). */
  readonly requestMilliseconds: number;
  /** The namespace whose Secrets a ClusterTrustPolicy may name. */
  readonly installationNamespace: string;
}
