// @peculiar/x509 builds on tsyringe, which refuses to load without the metadata half of the `Reflect` API. None of the
// classes that we use is injected by constructor types, so "there is no metadata" is a complete answer to it.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
