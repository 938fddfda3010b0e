/** Turns the event loop, without a clock, until what was sent over a socket has been seen. */
export async function until(seen: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await seen())) await new Promise((resolve) => setImmediate(resolve));
}
