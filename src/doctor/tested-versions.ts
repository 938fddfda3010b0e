/** Minor versions of Kubernetes 1 that Pratique is meant for: the oldest that the chart installs on, and the one that the end-to-end tests run. */
export const TESTED_MINORS = { oldest: 28, newest: 36 } as const;
