import { ClusterError } from "./cluster-error.ts";

const NEWLINE = 0x0a;

/**
 * Cuts a stream into lines as they come and hands each to `take`, without its end. Throws ClusterError: TooLarge for a
 * line of more than `maxBytes`, Malformed for a stream that ends inside a line.
 */
export async function eachLine(chunks: AsyncIterable<Uint8Array>, maxBytes: number, take: (line: Uint8Array) => void): Promise<void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...parts, chunk.subarray(start, end)]);
      refuseLength(line.length, maxBytes);
      take(line);
      parts = [];
      length = 0;
      start = end + 1;
    }
    length += chunk.length - start;
    refuseLength(length, maxBytes);
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (length > 0) throw new ClusterError("Malformed", "the API server's watch ended inside a line");
}

function refuseLength(length: number, maxBytes: number): void {
  if (length > maxBytes) throw new ClusterError("TooLarge", `the API server's watch has a line of more than ${maxBytes} bytes`);
}
