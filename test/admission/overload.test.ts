import t from "tap";
import { Admission } from "../../src/admission/admit.ts";
import type { EntryPath } from "../../src/admission/entry.ts";
import { minimalReview, type Review } from "../helpers/reviews.ts";
import { tweak } from "../helpers/tweak.ts";
import { Answer, fits, type ReviewBody, verdictImage, World } from "./harness.ts";

const deployment = (image: string): Review =>
  tweak(minimalReview(), ({ request }) => {
    request.resource = { group: "apps", version: "v1", resource: "deployments" };
    request.object = { kind: "Deployment", spec: { template: { spec: { containers: [{ name: "web", image }] } } } };
  });

t.test("beyond what can be judged at one time Pods are kept out, and nothing else", async (t) => {
  const world = new World();
  world.labels = new Map([["pratique.dev/enforce", "signed"]]);
  const admission = new Admission(world.ports(), world.settings);
  const ask = async (entry: EntryPath, review: Review): Promise<Answer> => {
    const { status, body } = await admission.admit({
      entry,
      body: Buffer.from(JSON.stringify(review)),
      contentType: "application/json",
      receivedAt: world.timer.now(),
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
    return new Answer(status, JSON.parse(JSON.stringify(body)) as ReviewBody);
  };
  const signed = verdictImage("Signed");
  const waiting = Array.from({ length: 1024 }, () => ask("enforce", minimalReview(verdictImage("hang"))));
  await new Promise(setImmediate);

  const refused = await ask("enforce", minimalReview(signed));
  fits(t, refused, { http: 200, allowed: false, causes: ["Overloaded request"], status: { message: /\(Overloaded\).*Try again/ } });
  fits(t, await ask("templates", deployment(signed)), { allowed: true, warnings: [/\(Overloaded\)/] }, "a template's Pods are judged when they come");
  const relabelled = tweak(minimalReview(signed), ({ request }) => {
    request.operation = "UPDATE";
    request.oldObject = request.object;
  });
  fits(t, await ask("enforce", relabelled), { allowed: true, warnings: [] }, "what brings in no image needs no room");

  world.timer.advance(8000);
  for (const answer of await Promise.all(waiting)) if (answer.causes[0] !== "DeadlineExceeded spec.containers[0].image") t.fail(answer.causes.join());
  fits(t, await ask("enforce", minimalReview(signed)), { allowed: true }, "there is room again");
});
