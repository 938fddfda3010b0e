/** The error of this class that a promise fails with. Whatever else happens fails the test. */
export async function failureOf<Failure extends Error>(kind: new (...args: never[]) => Failure, pending: Promise<unknown>): Promise<Failure> {
  const thrown: unknown = await pending.then(
    () => new Error("did not fail"),
    (error: unknown) => error,
  );
  if (thrown instanceof kind) return thrown;
  throw thrown;
}
