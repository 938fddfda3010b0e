// Addresses of a cluster's own, all on loopback, so that its API server and the tests beside it reach Pods and Services.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

export interface Network {
  /** For the API server's `--service-cluster-ip-range`: Services have addresses that can be listened on. */
  readonly serviceRange: string;
  /** An address for one more Pod. The API server refuses endpoints on loopback, so a Pod has this one by name only. */
  nextPodAddress(): string;
  /** Where a Pod really listens. */
  placeOf(podAddress: string): string;
  release(): Promise<void>;
}

/** Listening on this port of a network's first address is owning the network. */
const CLAIM_PORT = 19_999;

/** A network that no other cluster on this machine has. */
export async function claimNetwork(): Promise<Network> {
  for (let tries = 0; tries < 50; tries += 1) {
    const network = await claim(randomInt(16, 240));
    if (network !== undefined) return network;
  }
  throw new Error("no network on loopback is free");
}

async function claim(octet: number): Promise<Network | undefined> {
  const server = createServer();
  const isOurs = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(CLAIM_PORT, `127.${octet}.0.1`, () => resolve(true));
  });
  if (!isOurs) return undefined;
  let pods = 0;
  return {
    serviceRange: `127.${octet}.128.0/24`,
    nextPodAddress: () => {
      pods += 1;
      return `10.${octet}.${1 + (pods >> 8)}.${pods & 255}`;
    },
    placeOf: (podAddress) => podAddress.replace(/^10\./, "127."),
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
