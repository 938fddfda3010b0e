/** Milliseconds before the second attempt, without chance, and how much longer each further wait is. */
const BASE = 200;
const FACTOR = 3;

/** Milliseconds to wait after so many attempts; `chance` from 0 to 1 takes up to half of it, so that those who failed together part. */
export function backOff(attempts: number, chance: number): number {
  return BASE * FACTOR ** (attempts - 1) * (0.5 + chance / 2);
}
