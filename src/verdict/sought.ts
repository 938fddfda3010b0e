import type { Sought } from "../signature/candidate.ts";
import type { KeyAuthority } from "../trust/authority.ts";
import type { PolicyDemand } from "../trust/trust-policy.ts";

/** What an authority looks for: the attestations that it names, or a signature when it names none. */
export function soughtBy({ attestations }: KeyAuthority): Sought {
  return attestations.length > 0 ? "attestations" : "signatures";
}

/** Whether any authority of a policy looks for this. */
export function seeks({ authorities }: PolicyDemand, sought: Sought): boolean {
  return authorities.some((authority) => authority.kind === "key" && soughtBy(authority) === sought);
}
