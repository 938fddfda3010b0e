/**
 * The certificates of a PEM text, each as a text of its own, read as the API server reads a `caBundle` (Go's `encoding/pem`): the two
 * lines that enclose one stand alone. Files that end without a line feed and are put together hold none.
 */
export function certificateBlocks(pem: string): readonly string[] {
  return pem.match(/^-----BEGIN CERTIFICATE-----[ \t\r]*\n[^-]*^-----END CERTIFICATE-----[ \t\r]*$/gm) ?? [];
}
