// What is asked of Pratique past the API server: by the kubelet, by a scraper, and by whoever reaches its port.
import { Agent, request } from "undici";

export interface ReviewRequest {
  readonly namespace: string;
  readonly object: unknown;
}

export interface ReviewResponse {
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
}

/** The status of `/readyz`. */
export async function readiness(url: string): Promise<number> {
  return (await exchange(`${url}/readyz`)).status;
}

/** Sends a review of a Pod that is created, as the API server would. */
export function review(url: string, asked: ReviewRequest): Promise<ReviewResponse> {
  return post(url, reviewOf(asked));
}

/** Sends a review as it is. */
export async function post(url: string, asked: object): Promise<ReviewResponse> {
  const { body } = await exchange(url, asked);
  return (JSON.parse(body) as { readonly response: ReviewResponse }).response;
}

/** What the API server sends when a controller creates this Pod. */
export function reviewOf({ namespace, object }: ReviewRequest): object {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "web",
      namespace,
      operation: "CREATE",
      userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller" },
      object,
      oldObject: null,
      dryRun: false,
      options: null,
    },
  };
}

// A request of its own connection. As the kubelet's probes do, it does not look at the certificate.
async function exchange(url: string, body?: unknown): Promise<{ readonly status: number; readonly body: string }> {
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const sent = body === undefined ? {} : { method: "POST" as const, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await request(url, { dispatcher: agent, ...sent });
    return { status: response.statusCode, body: await response.body.text() };
  } finally {
    await agent.destroy();
  }
}

/** The value of a metric, summed over the series that have these labels. */
export async function readMetric(url: string, name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const response = await request(url);
  const lines = (await response.body.text()).split("\n");
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const series = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return series.filter((line) => wanted.every((label) => line.includes(label))).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
