// The image that an engine builds is started as the one that `npm run image` makes, and says the same of itself.
import { readFileSync } from "node:fs";
import t from "tap";
import { LABELS } from "../../../tools/image/config.ts";
import { CONTAINER } from "../../../tools/image/container.ts";

const instructions = readFileSync(new URL("../../../deploy/Dockerfile", import.meta.url), "utf8")
  .replaceAll("\\\n", "")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const final = instructions.slice(instructions.findLastIndex((line) => line.startsWith("FROM ")));

function argumentOf(name: string): string {
  return final.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1).trim() ?? "";
}

/** `a="b" c="d"` as pairs. */
function pairs(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/([\w.-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

t.test("the last stage of the Dockerfile is the image's configuration", (t) => {
  t.equal(argumentOf("FROM"), "scratch");
  t.equal(argumentOf("USER"), CONTAINER.User);
  t.equal(argumentOf("WORKDIR"), CONTAINER.WorkingDir);
  t.equal(argumentOf("STOPSIGNAL"), CONTAINER.StopSignal);
  t.strictSame(JSON.parse(argumentOf("ENTRYPOINT")), CONTAINER.Entrypoint);
  t.strictSame(JSON.parse(argumentOf("CMD")), CONTAINER.Cmd);
  t.strictSame(argumentOf("EXPOSE").split(" ").map((port) => `${port}/tcp`), Object.keys(CONTAINER.ExposedPorts));
  t.strictSame(Object.entries(pairs(argumentOf("ENV"))).map(([name, value]) => `${name}=${value}`), CONTAINER.Env);
  t.strictSame(pairs(argumentOf("LABEL")), { ...LABELS, "org.opencontainers.image.revision": "$REVISION" });
  t.strictSame(final.filter((line) => /^(COPY|ADD|RUN) /.test(line)), ["COPY --from=build /rootfs/ /"], "it has what the tool lays out, and nothing else");
  t.end();
});
