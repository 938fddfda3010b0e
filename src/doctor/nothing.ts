import type { Demand } from "../admission/labels.ts";

/** What a namespace without labels asks for where no configuration says otherwise. */
export const NOTHING: Demand = { enforce: "none", warn: "none", audit: "none", index: "both", requireDigest: false, onOutage: "deny" };
