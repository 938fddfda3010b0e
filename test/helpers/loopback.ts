import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { KeyPair } from "./certificates.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ListenOptions {
  readonly tls?: KeyPair;
  /** PEM: with `tls`, nobody is let in without a certificate of this authority. */
  readonly clientCA?: string;
  /** A loopback address, `127.0.0.1` when absent. `127.0.0.2` and the like are other hosts to a client. */
  readonly address?: string;
}

/** A server on a port that the system chose. */
export interface Loopback {
  /** `127.0.0.1:PORT`, as an image reference writes it. */
  readonly host: string;
  /** `http://127.0.0.1:PORT` or `https://...`, without a slash at the end. */
  readonly url: string;
  /** Ends every connection, answered or not. */
  close(): Promise<void>;
}

/** Serves real HTTP, or HTTPS when there is a certificate, on a loopback address. */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Loopback> {
  const server: Server = options.tls === undefined ? createServer(handler) : createTlsServer({ ...options.tls, ...clientAuthentication(options) }, handler);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const host = await bind(server, options.address ?? "127.0.0.1");
  const url = `${options.tls === undefined ? "http" : "https"}://${host}`;
  return { host, url, close: () => closeAll(server, sockets) };
}

function clientAuthentication({ clientCA }: ListenOptions) {
  return clientCA === undefined ? {} : { ca: clientCA, requestCert: true, rejectUnauthorized: true };
}

async function bind(server: Server, address: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const socket of sockets) socket.destroy();
  await closed;
}
