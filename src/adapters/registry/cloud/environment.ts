import { readFile } from "node:fs/promises";
import { unavailable } from "./exchange.ts";

/** The variables by which a cluster tells a workload who it is. */
export type CloudEnvironment = Readonly<Record<string, string | undefined>>;

/** Throws UndeterminedError (CredentialsUnavailable) for a variable that is not set. */
export function variable(env: CloudEnvironment, name: string): string {
  const value = env[name];
  if (!value) throw unavailable(`${name} is not set, so this workload has no identity in its cloud`);
  return value;
}

/** A projected token, read each time: the kubelet replaces it. Throws UndeterminedError (CredentialsUnavailable). */
export async function readToken(env: CloudEnvironment, name: string): Promise<string> {
  try {
    return (await readFile(variable(env, name), "utf8")).trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw unavailable(`the file of ${name} cannot be read (${code})`, cause);
  }
}
