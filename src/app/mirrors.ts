import type { Config, RegistryConfig } from "../config.ts";
import { parseReference, type Repository } from "../image/reference.ts";
import type { Mirroring } from "../inspection/mirrors.ts";

const UNMIRRORED: Mirroring = { mirrors: [], upstream: "last" };

/** What each repository is read from, by the configuration of its registry. A mirror's own mirrors are not asked. */
export function mirroringBy({ registries }: Pick<Config, "registries">): (repository: Repository) => Mirroring {
  const mirrored = new Map(registries.filter(({ mirrors }) => mirrors.length > 0).map((registry) => [registry.host, mirroringOf(registry)]));
  return ({ host, path }) => mirrored.get(host)?.(path) ?? UNMIRRORED;
}

function mirroringOf({ mirrors, upstream }: RegistryConfig): (path: string) => Mirroring {
  const places = mirrors.map(({ location, tags, signatures }) => ({ root: rootOf(location), resolvesTags: tags, holdsSignatures: signatures }));
  return (path) => ({
    upstream,
    mirrors: places.map(({ root, resolvesTags, holdsSignatures }) => ({ repository: { host: root.host, path: `${root.path}${path}` }, resolvesTags, holdsSignatures })),
  });
}

// What stands before a repository's own path; empty, or with a slash at its end.
function rootOf(location: string): Repository {
  const { host, path } = parseReference(`${location}/x`).repository;
  return { host, path: path.slice(0, -1) };
}
