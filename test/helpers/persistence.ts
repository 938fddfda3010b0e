import type { Persistence } from "../../src/adapters/registry/settings.ts";

/** Each request is sent once, so that requests can be counted, and silence is for the deadline to end. */
export const ONCE: Persistence = { attempts: 1, silenceMs: 60_000, jitter: () => 1 };
