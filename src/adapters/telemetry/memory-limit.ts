import { totalmem } from "node:os";

/** Bytes of memory that this process may have: its container's limit, or all of the machine's where there is none. */
export function memoryLimit(): number {
  // 0 where it is not known; more than there is where nothing limits it.
  const limit = process.constrainedMemory();
  return limit === 0 ? totalmem() : Math.min(limit, totalmem());
}
