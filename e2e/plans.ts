/** How many end-to-end cases each test file holds: a case that is not run any more fails its file. */
export const PLANS = {
  cases: 147,
  check: 5,
  outage: 5,
  rbac: 7,
  references: 3,
  watch: 4,
  workloads: 5,
} as const;
