import { exemptNamespaceLine } from "../admission/exemption.ts";
import type { LabelMap } from "../admission/ports.ts";
import { Slots } from "../admission/slots.ts";
import { type CheckParts, composeCheck } from "../app/check.ts";
import { StartError } from "../app/start-error.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { DockerConfigError } from "../inspection/docker-config.ts";
import { UndeterminedError } from "../verdict/failure.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { basisOf } from "./basis.ts";
import { type CheckOptions, parseCheckOptions } from "./check-options.ts";
import { renderJson } from "./check-json.ts";
import { renderText } from "./check-text.ts";
import { Checker, type CheckedImage, hostOf, limitFor } from "./checker.ts";
import { readConfig } from "./configuration.ts";
import type { ExitStatus, Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { statusOf } from "./status.ts";
import { UsageError } from "./usage-error.ts";

const CONCURRENCY = 8;

/** Judges the images that were named and prints what was found. */
export async function check(args: readonly string[], io: Io): Promise<ExitStatus> {
  const options = parseCheckOptions(args);
  const config = await readConfig(options.config);
  const parts = compose(config, io, options);
  const progress = new Progress(io.stderr, parts.timer, options.images.length);
  try {
    const checked = await checkAll(parts, config, options, progress);
    progress.end();
    io.stdout.write(options.output === "json" ? renderJson(checked) : renderText(checked, io.stdout));
    return statusOf(checked.map(({ judgement }) => judgement.verdict));
  } finally {
    progress.end();
    await parts.close();
  }
}

async function checkAll(parts: CheckParts, config: Config, options: CheckOptions, progress: Progress): Promise<readonly CheckedImage[]> {
  const { namespace } = options;
  if (namespace !== undefined && parts.exemptions.namespaces.has(namespace)) {
    return options.images.map((image) => settled(image, { kind: "exempt", reason: "ExemptNamespace", detail: exemptNamespaceLine(namespace) }));
  }
  const labels = await labelsOf(namespace, parts);
  if (labels instanceof UndeterminedError) return options.images.map((image) => settled(image, unknownNamespace(labels)));
  const basis = basisOf(options, labels, config.defaults);
  const checker = new Checker(parts, { ...basis, namespace: namespace ?? "" }, (cause) => progress.say(`an unexpected error: ${messageOf(cause)}`));
  const slots = new Slots(CONCURRENCY);
  const checked = await Promise.all(
    options.images.map((image) =>
      slots.run(async () => {
        const result = await checker.check(image);
        progress.step();
        return result;
      }),
    ),
  );
  const warnings = checked.some(({ judgement }) => judgement.verdict.reason === "Unauthorized") ? parts.warnings : [];
  for (const note of [...basis.notes, ...warnings.map((warning) => `your docker configuration: ${warning}`)]) progress.say(`note: ${note}`);
  return checked;
}

function compose(config: Config, io: Io, { images, policies }: CheckOptions): CheckParts {
  try {
    return composeCheck(config, io.env, { hosts: new Set(images.flatMap(hostOf)), policies });
  } catch (error) {
    if (error instanceof DockerConfigError || error instanceof StartError) throw new UsageError(error.message);
    throw error;
  }
}

async function labelsOf(namespace: string | undefined, parts: CheckParts): Promise<LabelMap | UndeterminedError | undefined> {
  if (namespace === undefined) return undefined;
  const limit = limitFor(parts);
  try {
    return await parts.labels(namespace, limit.call);
  } catch (error) {
    if (error instanceof UndeterminedError) return error;
    throw error;
  } finally {
    limit.close();
  }
}

function unknownNamespace(error: UndeterminedError): Verdict {
  const remedy = "Choose a cluster with KUBECONFIG, or name the namespace in a configuration (`--config`) under `namespaces`.";
  return { kind: "undetermined", reason: error.code, detail: error.message, remedy, part: undefined };
}

function settled(image: string, verdict: Verdict): CheckedImage {
  return { judgement: { image, level: "signed", digest: undefined, contents: [], verdict }, inspection: undefined };
}
