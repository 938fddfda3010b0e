import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import { openHarbour } from "../demo/harbour.ts";
import { type Landing, voyages } from "../demo/voyage.ts";
import type { Tampering } from "../demo/fleet.ts";

async function sail(t: Test, tampering?: Tampering): Promise<ReadonlyMap<string, string>> {
  const harbour = await openHarbour(tampering);
  t.teardown(() => harbour.close());
  const rows = new Map<string, string>();
  for await (const { namespace, ship, decision, reason } of voyages(harbour)) {
    rows.set(`${namespace} ${nameOf(ship)}`, `${decision} ${reason}`.trimEnd());
  }
  return rows;
}

function nameOf(ship: Landing["ship"]): string {
  return /\/([a-z]+):/.exec(ship.image)?.[1] ?? "";
}

const EXPECTED = {
  "shop api": "admitted",
  "shop web": "admitted",
  "shop worker": "admitted",
  "shop cache": "refused PlatformUnsigned",
  "shop search": "refused PlatformUnsigned",
  "shop debug": "refused Unsigned",
  "shop report": "refused Unsigned",
  "shop mail": "refused ClaimMismatch",
  "shop plugin": "admitted",
  "shop-covered cache": "admitted",
  "shop-covered search": "admitted",
  "shop-pinned api": "refused TagNotAllowed",
  "shop-verified web": "admitted",
  "shop-verified plugin": "refused UntrustedSigner",
  "shop-verified debug": "refused Unsigned",
  "rehearsal api": "admitted",
  "rehearsal debug": "warned Unsigned",
  "sandbox debug": "admitted",
};

t.test("every row of the demo is the webhook's own answer", async (t) => {
  t.same(Object.fromEntries(await sail(t)), EXPECTED);
});

t.test("one byte of one claim flips its row, and no other", async (t) => {
  for (const ship of ["api", "web"]) {
    const flip = (claim: string): string => claim.slice(0, -1) + (claim.endsWith("0") ? "1" : "0");
    const rows = await sail(t, { claim: (name, digest) => (name === ship ? flip(digest) : digest) });
    const changed = Object.entries(EXPECTED).filter(([row, answer]) => rows.get(row) !== answer);
    t.same(
      changed.map(([row]) => [row, rows.get(row)]),
      ship === "api" ? [["shop api", "refused ClaimMismatch"], ["rehearsal api", "warned ClaimMismatch"]] : [["shop web", "refused ClaimMismatch"], ["shop-verified web", "refused ClaimMismatch"]],
      ship,
    );
  }
});

t.test("npm run demo prints them as a table, and what to do next", async (t) => {
  const main = fileURLToPath(new URL("../demo/main.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main], { env: { ...process.env, NO_COLOR: "1" } });
  const text = stripVTControlCharacters(stdout);
  for (const row of Object.keys(EXPECTED)) {
    const [namespace = "", ship = ""] = row.split(" ");
    t.match(text, new RegExp(`^${namespace} +shop/${ship}:1.0 `, "m"));
  }
  t.match(text, /shop +shop\/search:1\.0 +an index, linux\/arm64 unsigned +✗ refused +is not signed for linux\/arm64 \(PlatformUnsigned\)/);
  t.match(text, /cosign sign\s+--recursive/);
  t.match(text, /helm install pratique charts\/pratique/);
});
