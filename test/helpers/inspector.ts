import { EMPTY_KEYRING } from "../../src/inspection/keyring.ts";
import type { InspectorPorts } from "../../src/inspection/inspect.ts";
import { EventLoopTurns } from "../../src/app/turns.ts";
import type { Locator, Registry, Verifications } from "../../src/inspection/ports.ts";
import type { TrustPolicy } from "../../src/trust/trust-policy.ts";
import { verifyDocument } from "../../src/verify/verify.ts";

/** Verifies each time anew. */
export const UNREMEMBERED: Verifications = { recall: () => undefined, verify: verifyDocument };

/** An inspector's ports over a registry, with these policies for every namespace and real verification. */
export function inspectorPorts(registry: Registry, locator: Locator, policies: readonly TrustPolicy[] = []): InspectorPorts {
  return {
    registry,
    locator,
    policies: { policiesFor: async () => policies },
    sourceCredentials: { keyring: async () => EMPTY_KEYRING },
    verifications: UNREMEMBERED,
    turns: new EventLoopTurns({ now: Date.now }),
  };
}
