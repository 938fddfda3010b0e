/** What a namespace asks of an image. Levels are independent predicates: `verified` does not imply `signed`. */
export const LEVELS = ["none", "signed", "verified"] as const;
export type Level = (typeof LEVELS)[number];

/** Which parts of a multi-platform image must be signed. */
export const INDEX_RULES = ["both", "covered", "index", "children"] as const;
export type IndexRule = (typeof INDEX_RULES)[number];
