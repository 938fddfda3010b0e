import { styleText } from "node:util";
import { NAMESPACES, openHarbour } from "./harbour.ts";
import { fold, table } from "./table.ts";
import { type Landing, voyages } from "./voyage.ts";

const { stdout } = process;
const say = (text = ""): void => void stdout.write(`${text}\n`);

const MARKS: Readonly<Record<Landing["decision"], string>> = {
  admitted: styleText("green", "✓ admitted"),
  warned: styleText("yellow", "! admitted, warned"),
  refused: styleText("red", "✗ refused"),
};

const NEXT = `Try the same on a cluster:

  helm install pratique charts/pratique -n pratique-system --create-namespace
  kubectl label ns shop pratique.dev/warn=signed          # rehearse
  kubectl label ns shop pratique.dev/enforce=signed       # block
  kubectl label --overwrite ns shop pratique.dev/enforce=verified   # by whose key: docs/policy.md

or ask about an image of your own, here and now:

  npm run -s pratique -- check ghcr.io/sigstore/cosign/cosign:v2.6.0
`;

say("A registry with nine images, and the real webhook before it, on loopback.");
say("Each row is the webhook's answer, over TLS, to a review as the API server sends it.\n");
const harbour = await openHarbour();
try {
  const landings: Landing[] = [];
  for await (const landing of voyages(harbour)) landings.push(landing);
  say(table(["namespace", "image", "what it carries", "decision", "why"], landings.map(rowOf)));
  say(`\n${styleText("bold", "What the namespaces ask for")}\n`);
  for (const [name, labels] of Object.entries(NAMESPACES)) say(`  ${name.padEnd(14)} ${labelsOf(labels)}`);
  say(`\n${styleText("bold", "What kubectl would have printed")}\n`);
  for (const { message } of landings.filter(({ ship, namespace, decision }) => decision === "refused" && namespace !== "shop-covered" && isTelling(ship.image))) {
    say(`${fold(message, 100, "  ")}\n`);
  }
  say(NEXT);
} finally {
  await harbour.close();
}

function rowOf({ namespace, ship, decision, finding, reason }: Landing): readonly string[] {
  const [, ...path] = ship.image.split("/");
  return [namespace, path.join("/"), ship.carries, MARKS[decision], reason === "" ? "" : `${finding} (${reason})`];
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const words = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return words.length === 0 ? "(no labels)" : words.join("  ");
}

// Some of the refusals say enough about all of them.
function isTelling(image: string): boolean {
  return ["/search:", "/report:", "/plugin:"].some((name) => image.includes(name));
}
