// What kube-proxy is for one Service: connections to the Service's address go to an endpoint that was ready a while ago.
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Cluster } from "./cluster.ts";
import { repeatedly } from "./loop.ts";
import type { Network } from "./network.ts";

export interface ServiceProxy {
  /** What has come to grief so far. */
  readonly damage: Damage;
  /** Addresses of the endpoints that get new connections, in order. */
  endpoints(): readonly string[];
  /** Connections to an endpoint. */
  connections(address: string): Connections;
  stop(): Promise<void>;
}

export interface Damage {
  /** Connections that an endpoint did not take; another one was tried. */
  readonly refused: number;
  /** Connections that an endpoint ended while it owed an answer, or while a request was on its way to it. */
  readonly broken: number;
}

export interface Connections {
  readonly open: number;
  /** Those that have ended included. */
  readonly ever: number;
}

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

interface Service {
  readonly spec: { readonly clusterIP: string; readonly ports: readonly { readonly name: string; readonly port: number }[] };
}

interface EndpointSlice {
  readonly endpoints: readonly { readonly addresses: readonly [string]; readonly conditions: { readonly ready: boolean; readonly serving: boolean } }[] | null;
  readonly ports: readonly { readonly name: string; readonly port: number }[] | null;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

interface View {
  readonly at: number;
  readonly endpoints: readonly Endpoint[];
}

const PORT = "https";
/** How late a node learns of its endpoints, in milliseconds: a Pod that goes must go on answering for as long. */
const LAG = 2_000;
/** Bytes by which a client says over TLS that it is about to close; every request is longer. */
const LONGEST_FAREWELL = 64;

/** Follows the Service and its endpoints, from before it is there until after it is gone. */
export async function startServiceProxy(cluster: Cluster, network: Network, service: ServiceName): Promise<ServiceProxy> {
  const damage = { refused: 0, broken: 0 };
  const sockets = new Set<Socket>();
  const connections = new Map<string, Connections>();
  const count = (address: string, change: Connections): void => {
    const { open, ever } = connections.get(address) ?? { open: 0, ever: 0 };
    connections.set(address, { open: open + change.open, ever: ever + change.ever });
  };
  /** What was seen, the oldest first; it is gone by until the next has come of age. */
  let views: readonly View[] = [];
  let listening: { readonly place: string; readonly server: Server } | undefined;
  const forward = async (client: Socket): Promise<void> => {
    keep(sockets, client);
    const taken = await firstThatTakes(shuffled(views[0]?.endpoints ?? []), network, damage);
    if (taken === undefined) return void client.resetAndDestroy();
    const { address, upstream } = taken;
    keep(sockets, upstream);
    count(address, { open: 1, ever: 1 });
    upstream.once("close", () => count(address, { open: -1, ever: 0 }));
    if (client.destroyed) upstream.destroy();
    else join(client, upstream, damage);
  };
  const follow = async (): Promise<void> => {
    const place = await placeOf(cluster, service);
    if (place !== listening?.place) {
      // Connections outlive the Service, as they do in the tables of a node.
      listening?.server.close();
      listening = place === undefined ? undefined : { place, server: await listen(place, forward) };
    }
    views = place === undefined ? [] : withoutOutdated([...views, { at: Date.now(), endpoints: await endpointsOf(cluster, service) }]);
  };
  const loop = repeatedly(follow);
  return {
    damage,
    endpoints: () => (views[0]?.endpoints ?? []).map(({ address }) => address).sort(),
    connections: (address) => connections.get(address) ?? { open: 0, ever: 0 },
    stop: async () => {
      await loop.stop();
      listening?.server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function withoutOutdated(views: readonly View[]): readonly View[] {
  const current = views.findLastIndex(({ at }) => at <= Date.now() - LAG);
  return views.slice(Math.max(current, 0));
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  // The other end learns of it by its own end.
  socket.on("error", () => undefined);
}

/** `ADDRESS:PORT`; undefined while there is no such Service. */
async function placeOf(cluster: Cluster, { namespace, name }: ServiceName): Promise<string | undefined> {
  const { status, body } = await cluster.call("GET", `/api/v1/namespaces/${namespace}/services/${name}`);
  if (status !== 200) return undefined;
  const { spec } = body as Service;
  return `${spec.clusterIP}:${spec.ports.find((port) => port.name === PORT)?.port}`;
}

/** Those that are ready; where none is, those that still answer while they go, as kube-proxy has it. */
async function endpointsOf(cluster: Cluster, { namespace, name }: ServiceName): Promise<readonly Endpoint[]> {
  const { body } = await cluster.call("GET", `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=${name}`);
  const slices = (body as { readonly items: readonly EndpointSlice[] | null }).items ?? [];
  const which = (condition: "ready" | "serving"): readonly Endpoint[] =>
    slices.flatMap(({ endpoints, ports }) => {
      const port = ports?.find((each) => each.name === PORT)?.port ?? 0;
      return (endpoints ?? []).filter(({ conditions }) => conditions[condition]).map(({ addresses: [address] }) => ({ address, port }));
    });
  const ready = which("ready");
  return ready.length > 0 ? ready : which("serving");
}

async function listen(place: string, forward: (client: Socket) => Promise<void>): Promise<Server> {
  const [host = "", port] = place.split(":");
  const server = createServer((client) => void forward(client));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new Error(`nobody may listen on ${place}; run as root, or with net.ipv4.ip_unprivileged_port_start=${port}`, { cause })));
    server.listen(Number(port), host, resolve);
  });
  return server;
}

interface Taken {
  readonly address: string;
  readonly upstream: Socket;
}

async function firstThatTakes(endpoints: readonly Endpoint[], network: Network, damage: { refused: number }): Promise<Taken | undefined> {
  for (const { address, port } of endpoints) {
    const upstream = connect(port, network.placeOf(address));
    const isTaken = await new Promise<boolean>((resolve) => {
      upstream.once("connect", () => resolve(true));
      upstream.once("error", () => resolve(false));
    });
    if (isTaken) return { address, upstream };
    damage.refused += 1;
  }
  return undefined;
}

function join(client: Socket, upstream: Socket, damage: { broken: number }): void {
  let unanswered = 0;
  const judge = (): void => {
    if (!upstream.closed || unanswered <= LONGEST_FAREWELL || client.destroyed) return;
    damage.broken += 1;
    unanswered = Number.NEGATIVE_INFINITY;
  };
  client.on("data", (bytes: Buffer) => {
    unanswered += bytes.length;
    judge();
  });
  upstream.on("data", () => {
    unanswered = 0;
  });
  client.pipe(upstream).pipe(client);
  client.once("close", () => upstream.destroy());
  upstream.once("close", () => {
    judge();
    // A request may be on its way still.
    client.end();
    client.resume();
  });
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items.map((item) => ({ item, key: Math.random() })).sort((a, b) => a.key - b.key).map(({ item }) => item);
}
