export const MODES = ["enforce", "warn", "audit"] as const;
export type Mode = (typeof MODES)[number];
