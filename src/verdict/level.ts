/** What a namespace asks of an image. Levels are independent predicates: `verified` does not imply `signed`. */
export const LEVELS = ["none", "signed", "verified"] as const;
export type Level = (typeof LEVELS)[number];
