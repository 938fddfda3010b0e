import type { AddressInfo, Server } from "node:net";

/** Where to listen; port 0 takes a free one. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Listens and answers where, with the port that was really taken. Throws what the system says (EADDRINUSE, EACCES). */
export async function listenOn(server: Server, endpoint: Endpoint): Promise<Endpoint> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(endpoint.port, endpoint.host, resolve);
  await promise;
  server.off("error", reject);
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** Stops listening and waits for the connections that are left. Not listening is no error. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
