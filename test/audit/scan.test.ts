import t from "tap";
import type { Announcement } from "../../src/admission/announcement.ts";
import type { AuditRequest } from "../../src/audit/audit.ts";
import type { AuditReport, Finding } from "../../src/audit/report.ts";
import { Scanner, type ScanSummary } from "../../src/audit/scan.ts";
import { computeDigest } from "../../src/image/digest.ts";
import type { Verdict } from "../../src/verdict/verdict.ts";
import { handTimer } from "../helpers/hand-timer.ts";
import { until } from "../helpers/until.ts";

const DIGEST = computeDigest("sha256", Buffer.from("image"));
const UNSIGNED: Verdict = { kind: "untrusted", reason: "Unsigned", detail: "no signature", remedy: "Sign it.", part: undefined };
const SIGNED: Verdict = { kind: "trusted", reason: "Signed", detail: "a document" };

function finding(name: string, verdict: Verdict, drift: Finding["drift"] = []): Finding {
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name, uid: name };
  const identity = { namespace: "shop", pullSecrets: [], serviceAccount: "default" };
  return { namespace: "shop", owner, image: "web:1", identity, pods: 1, running: new Map(), judgement: { image: "web:1", level: "signed", digest: DIGEST, contents: [DIGEST], verdict }, drift };
}

function world(findings: readonly Finding[]) {
  const timer = handTimer();
  const requests: AuditRequest[] = [];
  const announcements: Announcement[] = [];
  const summaries: ScanSummary[] = [];
  const failures: unknown[] = [];
  const state = { isChosen: true, handedOver: 0, failure: undefined as unknown };
  const scanner = new Scanner(
    {
      audit: {
        run: async (request): Promise<AuditReport> => {
          requests.push(request);
          if (state.failure !== undefined) throw state.failure;
          timer.advance(1_500);
          return { findings, namespaces: [], problems: ["the jobs of the cluster could not be listed"] };
        },
      },
      announcer: { announce: (announcement) => announcements.push(announcement) },
      observer: {
        scanned: (summary) => summaries.push(summary),
        handedOver: () => void (state.handedOver += 1),
        scanFailed: (cause) => failures.push(cause),
      },
      timer,
      isChosen: () => state.isChosen,
    },
    10,
  );
  /** Goes on until the scanner has nothing to do but to wait. */
  const idle = () => until(() => timer.alarms().length === 1);
  return { scanner, timer, requests, announcements, summaries, failures, state, idle };
}

t.test("a scan tells what it found, by numbers and beside the owners", async (t) => {
  const drift = [{ digest: computeDigest("sha256", Buffer.from("old")), pods: 2, example: "web-1" }];
  const { scanner, timer, requests, announcements, summaries, idle } = world([finding("web", UNSIGNED), finding("api", SIGNED, drift), finding("job", SIGNED)]);
  scanner.start();
  await idle();
  t.match(requests, [{ scope: { kind: "cluster" }, level: undefined, unasked: "leave-out" }]);
  t.same(summaries, [
    {
      images: [
        { namespace: "shop", verdict: "untrusted", reason: "Unsigned", count: 1, drifted: 0 },
        { namespace: "shop", verdict: "trusted", reason: "Signed", count: 2, drifted: 1 },
      ],
      problems: ["the jobs of the cluster could not be listed"],
      endedAt: timer.now(),
      seconds: 1.5,
    },
  ]);
  t.match(announcements, [
    { namespace: "shop", about: { kind: "Deployment", name: "web" }, action: "Scan", reason: "Unsigned", lines: [/^web:1 .* is not signed \(Unsigned\)/] },
    { about: { name: "api" }, action: "Scan", reason: "Drifted", lines: [/^web:1: Pods run sha256:/] },
  ]);
  t.equal(announcements.length, 2, "nothing is said of what is well");
  await scanner.stop();
  t.same(timer.alarms(), []);
});

t.test("again after its minutes, by the replica whose turn it is", async (t) => {
  const { scanner, timer, requests, state, idle } = world([]);
  state.isChosen = false;
  scanner.start();
  const wait = async (milliseconds: number): Promise<number> => {
    for (let left = milliseconds; left > 0; left -= 10_000) {
      await idle();
      timer.advance(10_000);
      await idle();
    }
    return requests.length;
  };
  t.equal(await wait(60_000), 0, "another one has the Lease");
  state.isChosen = true;
  t.equal(await wait(10_000), 1, "soon after it has come to us");
  t.equal(await wait(590_000), 1);
  t.equal(await wait(20_000), 2);
  t.equal(state.handedOver, 0);
  state.isChosen = false;
  t.equal(await wait(1_200_000), 2);
  t.equal(state.handedOver, 1, "told once, so that only one replica shows findings");
  await scanner.stop();
});

t.test("a defect does not end the scans", async (t) => {
  const { scanner, timer, requests, failures, summaries, state, idle } = world([]);
  state.failure = new TypeError("a defect");
  scanner.start();
  await idle();
  t.match(failures, [{ message: "a defect" }]);
  state.failure = undefined;
  for (let i = 0; i < 61; i += 1) {
    timer.advance(10_000);
    await idle();
  }
  t.same([requests.length, summaries.length], [2, 1]);
  await scanner.stop();
});

t.test("a scan that is cut short says nothing", async (t) => {
  const { scanner, summaries, announcements } = world([finding("web", UNSIGNED)]);
  scanner.start();
  await scanner.stop();
  t.same([summaries, announcements], [[], []]);
});
