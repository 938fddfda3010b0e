import type { Exemptions } from "../admission/exemption.ts";
import type { AdmissionSettings } from "../admission/settings.ts";
import { type Config, registryConfig } from "../config.ts";
import { matchesGlob } from "../image/glob.ts";

/** Admission's settings, by the configuration. */
export function admissionSettings(config: Config): AdmissionSettings {
  return {
    defaults: config.defaults,
    exemptions: exemptionsOf(config),
    passesInOutage: (host) => registryConfig(config, host).onOutage === "allow",
    requestMilliseconds: config.requestSeconds * 1000,
    installationNamespace: config.installationNamespace,
  };
}

export function exemptionsOf({ exemptions }: Config): Exemptions {
  return {
    namespaces: exemptions.namespaces,
    exemptImage: (reference) => exemptions.images.find((glob) => matchesGlob(glob, reference))?.text,
  };
}
