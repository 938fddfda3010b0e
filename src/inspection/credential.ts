/** What is sent to a registry to say who asks. */
export type Credential =
  | { readonly kind: "anonymous" }
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A docker config's `identitytoken`: an OAuth 2 refresh token for the registry's token service. */
  | { readonly kind: "identity-token"; readonly token: string };

export const ANONYMOUS: Credential = { kind: "anonymous" };
