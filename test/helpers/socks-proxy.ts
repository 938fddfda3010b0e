import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Test } from "tap";

export interface SocksOptions {
  /** Where every connection ends, whatever name was asked for: `127.0.0.1:5000`. */
  readonly target: string;
  /** Who may use it; anybody when absent. */
  readonly account?: { readonly username: string; readonly password: string };
}

export interface SocksProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The name or address and the port of each CONNECT, as it was asked for. */
  readonly seen: readonly string[];
}

/** A SOCKS5 proxy (RFC 1928, RFC 1929) that knows CONNECT alone, closed with the test. */
export async function startSocksProxy(t: Test, options: SocksOptions): Promise<SocksProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    serve(socket, options, seen).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const GRANTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

async function serve(socket: Socket, { target, account }: SocksOptions, seen: string[]): Promise<void> {
  const [, methods = 0] = await take(socket, 2);
  const offered = await take(socket, methods);
  const method = account === undefined ? 0 : 2;
  socket.write(Buffer.from([5, offered.includes(method) ? method : 0xff]));
  if (account !== undefined) {
    const isKnown = await isLogin(socket, account);
    socket.write(Buffer.from([1, isKnown ? 0 : 1]));
    if (!isKnown) return;
  }
  const [, , , type = 0] = await take(socket, 4);
  const host = type === 3 ? await text(socket) : (await take(socket, 4)).join(".");
  seen.push(`${host}:${(await take(socket, 2)).readUInt16BE(0)}`);
  const [hostname = "", port] = target.split(":");
  const onward = connect(Number(port), hostname, () => socket.write(GRANTED));
  onward.on("error", () => socket.destroy());
  socket.on("close", () => onward.destroy());
  onward.pipe(socket).pipe(onward);
}

async function isLogin(socket: Socket, { username, password }: NonNullable<SocksOptions["account"]>): Promise<boolean> {
  await take(socket, 1);
  const [name, secret] = [await text(socket), await text(socket)];
  return name === username && secret === password;
}

async function text(socket: Socket): Promise<string> {
  const [length = 0] = await take(socket, 1);
  return (await take(socket, length)).toString();
}

async function take(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    await once(socket, "readable");
  }
}
