import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** The metrics in Prometheus' text format. */
export interface MetricsSource {
  readonly contentType: string;
  render(): Promise<string>;
}

/** `/metrics` over plain HTTP on a port of its own, so that scraping needs no certificate and reviews have none to share. */
export function createMetricsListener(source: MetricsSource): Server {
  return createServer({ headersTimeout: 5_000, requestTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
    void answer(source, request, response);
  });
}

async function answer(source: MetricsSource, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0];
  if (path !== "/metrics") return end(response, 404, "metrics are at /metrics\n");
  if (request.method !== "GET") return end(response.setHeader("allow", "GET"), 405, "metrics are read by GET\n");
  try {
    const body = await source.render();
    response.setHeader("content-type", source.contentType).end(body);
  } catch {
    // A collector that fails is a gap in a graph, never the end of the process.
    end(response, 500, "the metrics could not be collected\n");
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}
