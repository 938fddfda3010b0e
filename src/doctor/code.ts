export const SEVERITIES = ["danger", "broken", "advice"] as const;

/**
 * `danger`: something comes in unjudged, or the cluster cannot help itself. `broken`: something does not do what it is there for.
 * `advice`: it works, and would be better otherwise.
 */
export type Severity = (typeof SEVERITIES)[number];

/** Everything that a look at an installation can find: docs/doctor.md lists the same, and how grave each may be. */
export const CODES = {
  // What is there.
  NotInstalled: ["danger", "broken"],
  WebhooksMissing: ["danger"],
  DeploymentMissing: ["broken"],
  SeveralInstallations: ["advice"],
  DefinitionsMissing: ["broken"],
  // How the API server is told to call it.
  EntryMissing: ["danger", "broken"],
  FailsOpen: ["danger"],
  RuleMissing: ["danger", "broken"],
  MatchesExactly: ["danger", "broken"],
  MatchConditions: ["danger", "broken"],
  ObjectSelector: ["danger", "broken"],
  SelectorNarrowed: ["danger", "broken"],
  SelectorOutOfStep: ["danger", "broken"],
  WrongPath: ["danger", "broken"],
  JudgesItself: ["danger"],
  TimeoutShort: ["broken"],
  // Whether it answers.
  NoAnswer: ["broken"],
  NotCalled: ["danger", "broken"],
  SlowAnswer: ["advice"],
  ServiceAstray: ["broken"],
  // The Pods.
  NotReady: ["broken"],
  RolloutStuck: ["broken"],
  SingleReplica: ["broken", "advice"],
  AutoscalerToOne: ["broken", "advice"],
  BudgetMissing: ["advice"],
  BudgetBlocksDrain: ["broken"],
  SameNode: ["advice"],
  SameZone: ["advice"],
  ImageByTag: ["advice"],
  // The certificate.
  BundleMissing: ["broken"],
  BundleUnreadable: ["broken"],
  BundleIncomplete: ["broken"],
  BundleExpired: ["broken"],
  BundleExpiring: ["advice"],
  CertificateMissing: ["broken"],
  CertificateUnreadable: ["broken"],
  CertificateExpired: ["broken"],
  CertificateExpiring: ["advice"],
  CertificateForOther: ["broken"],
  CertificateUntrusted: ["broken"],
  // The configuration.
  ConfigurationMissing: ["broken"],
  ConfigurationInvalid: ["broken"],
  ConfigurationNewer: ["broken"],
  AnyRepository: ["danger", "advice"],
  AnyImageExempt: ["danger"],
  SystemNamespacesEnforced: ["danger"],
  OutageAdmits: ["danger", "advice"],
  PrivateAddresses: ["advice"],
  // Namespaces and policies.
  LabelUnreadable: ["broken"],
  LabelUnknown: ["broken"],
  NamespacesUncovered: ["advice"],
  NamespacesRehearse: ["advice"],
  VerifiedWithoutPolicy: ["broken"],
  PolicyNotReady: ["broken"],
  // Who may change the labels.
  LabelsUnprotected: ["danger", "advice"],
  ProtectionWeakened: ["danger"],
  // The API server.
  ServerTooOld: ["broken"],
  ServerUntested: ["advice"],
} as const satisfies Readonly<Record<string, readonly Severity[]>>;

export type Code = keyof typeof CODES;
