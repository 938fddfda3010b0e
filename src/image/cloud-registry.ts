/** The clouds whose registries can be asked with the identity of a workload. */
export const CLOUDS = ["ecr", "gar", "acr"] as const;
export type Cloud = (typeof CLOUDS)[number];

/** The hosts of each cloud's own registries: nobody else can have a name of these shapes. The host is canonical. */
const HOSTS: Readonly<Record<Cloud, RegExp>> = {
  ecr: /^[0-9]{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
  gar: /^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:(?:us|eu|asia)\.)?gcr\.io)$/,
  acr: /^[a-z0-9-]+\.azurecr\.(?:io|cn|us)$/,
};

/** Whether a host is one of a cloud's own registries, so that it may be sent that cloud's credentials. */
export function isRegistryOf(cloud: Cloud, host: string): boolean {
  return HOSTS[cloud].test(host);
}

/** The region of an ECR registry, and the domain of its partition (`amazonaws.com`, in China `amazonaws.com.cn`). */
export function ecrPlace(host: string): { readonly region: string; readonly domain: string } | undefined {
  const [, region, domain] = /\.ecr(?:-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)$/.exec(host) ?? [];
  return isRegistryOf("ecr", host) && region !== undefined && domain !== undefined ? { region, domain } : undefined;
}
