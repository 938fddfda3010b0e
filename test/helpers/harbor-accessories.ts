import type { Digest } from "../../src/image/digest.ts";
import { type Accounts, login, mayPull } from "./registry-accounts.ts";
import { errorAnswer, jsonAnswer } from "./registry-answer.ts";
import type { RegistryDouble } from "./registry-double.ts";
import { send } from "./registry-faults.ts";

/** What Harbor calls an accessory, by its media type alone. */
export type AccessoryType = "signature.cosign" | "signature.notation" | "subject.accessory" | "sbom.harbor";

export interface HarborAccessories {
  /** As Harbor links an accessory to its subject when it is pushed. */
  link(repository: string, subject: Digest, accessory: Digest, type?: AccessoryType): void;
}

interface Row {
  readonly repository: string;
  readonly subject: string;
  readonly digest: string;
  readonly type: AccessoryType;
}

const PATH = /^\/api\/v2\.0\/projects\/([^/]+)\/repositories\/([^/]+)\/artifacts\/(sha256:[0-9a-f]{64})\/accessories\?page_size=([0-9]+)$/;

/**
 * Gives a double Harbor's list of accessories, as Harbor 2.15 answers behind its nginx. `listers` have the right to it
 * (`accessory:list`), which one that may pull need not have; without them the project is public.
 */
export function serveAccessories(registry: RegistryDouble, accounts: Accounts = {}, listers?: readonly string[]): HarborAccessories {
  const rows: Row[] = [];
  registry.fault(/^\/api\/v2\.0\//, ({ request, response }) => {
    const [, project = "", encoded = "", subject = "", size] = PATH.exec(request.path) ?? [];
    const repository = `${project}/${decodeURIComponent(decodeURIComponent(encoded))}`;
    const account = login(accounts, request.headers.authorization);
    if (listers !== undefined && account === undefined) return send(response, errorAnswer(401, "UNAUTHORIZED", "unauthorized"));
    if (listers !== undefined && !(account !== undefined && listers.some((name) => accounts[name] === account) && mayPull(account.repositories, repository))) return send(response, errorAnswer(403, "FORBIDDEN", "forbidden"));
    // nginx decodes one layer, so a repository that is escaped once falls apart.
    if (!encoded.includes("%25") && encoded.includes("%2F")) return send(response, errorAnswer(404, "NOT_FOUND", `path ${request.path} was not found`));
    if (registry.manifest(repository, subject) === undefined) return send(response, errorAnswer(404, "NOT_FOUND", `artifact ${repository}@${subject} not found`));
    const linked = rows.filter((row) => row.repository === repository && row.subject === subject);
    const page = linked.slice(0, Number(size)).map((row, i) => ({ artifact_id: i + 2, creation_time: "2026-11-23T20:58:06.266Z", digest: row.digest, icon: "", id: i + 1, size: 1036, subject_artifact_digest: subject, subject_artifact_id: 1, subject_artifact_repo: repository, type: row.type }));
    send(response, jsonAnswer(200, page, { "x-total-count": String(linked.length) }));
  });
  return { link: (repository, subject, digest, type = "signature.cosign") => void rows.push({ repository, subject, digest, type }) };
}
