/** Somebody with a password. Rights are repositories: `shop/web`, everything below with `shop/**`, or all with `**`. */
export interface Account {
  readonly password: string;
  readonly repositories: readonly string[];
  /** A refresh token that a token endpoint takes by POST in place of the password. */
  readonly identityToken?: string;
}

export type Accounts = Readonly<Record<string, Account>>;

/** Whose `Basic` credentials these are; undefined for nobody's. */
export function login(accounts: Accounts, authorization: string | undefined): Account | undefined {
  const encoded = /^basic +(.+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [name = "", ...password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const account = accounts[name];
  return account?.password === password.join(":") ? account : undefined;
}

/** Whether rights cover a repository. */
export function mayPull(rights: readonly string[], repository: string): boolean {
  return rights.some((right) => {
    if (right === "**" || right === repository) return true;
    return right.endsWith("/**") && repository.startsWith(right.slice(0, -"**".length));
  });
}
