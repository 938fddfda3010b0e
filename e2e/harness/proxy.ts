// A TCP proxy whose connections can be cut while both ends live on, as a load balancer or a firewall does.
import { connect, createServer, type Socket } from "node:net";

export interface Proxy {
  readonly port: number;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

/** Listens on a loopback port and passes everything on to another. */
export async function startProxy(port: number, target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // The other end tells by its own end; there is nothing to say about how it came.
    socket.on("error", () => undefined);
  };
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) keep(socket);
    client.pipe(upstream).pipe(client);
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    cut();
    await closed;
  };
  return { port, cut, close };
}
