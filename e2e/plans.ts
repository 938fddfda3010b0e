/**
 * How many end-to-end cases each test file holds. Every file plans by it, so that a case which is not run any more fails
 * its file; and `plans.test.ts` holds the sum, so that a file which is not run any more fails there.
 */
export const PLANS = {
  alerts: 5,
  audit: 5,
  cases: 147,
  certificates: 6,
  chart: 20,
  differential: 2,
  doctor: 37,
  check: 5,
  lifecycle: 2,
  monitoring: 8,
  openapi: 1,
  manifests: 10,
  outage: 5,
  outages: 12,
  plans: 2,
  policies: 8,
  rbac: 15,
  references: 3,
  soak: 1,
  values: 18,
  verified: 46,
  watch: 5,
  workloads: 5,
} as const;
