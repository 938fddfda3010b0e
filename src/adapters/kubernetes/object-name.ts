const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * Whether an object can have this name: a DNS subdomain of at most 253 characters (RFC 1123). Names in a review have
 * not been validated when admission sees them, and `..` must not lead to another path of the API server.
 */
export function isObjectName(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => LABEL.test(label));
}
