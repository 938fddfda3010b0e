/**
 * How many end-to-end cases each test file holds. Every file plans by it, so that a case which is not run any more fails
 * its file; and `plans.test.ts` holds the sum, so that a file which is not run any more fails there.
 */
export const PLANS = {
  alerts: 5,
  audit: 5,
  cases: 147,
  certificates: 7,
  chart: 22,
  differential: 2,
  doctor: 40,
  image: 9,
  check: 5,
  lifecycle: 2,
  monitoring: 8,
  controllers: 4,
  labels: 8,
  replicas: 4,
  openapi: 1,
  manifests: 10,
  outage: 5,
  outages: 12,
  plans: 2,
  policies: 8,
  rbac: 15,
  references: 3,
  rollout: 4,
  soak: 1,
  values: 18,
  verified: 46,
  watch: 5,
  workloads: 5,
} as const;
