// How the container is started, and where in it things lie. `deploy/Dockerfile` says the same; a test compares them.

/** The user and the group that the program runs as. */
export const USER = 65532;

export const NODE = "nodejs/bin/node";
/** Its ending says that it is a module. */
export const PROGRAM = "pratique/main.mjs";

// What a review leaves behind is short-lived: a young generation that may grow with the machine's memory holds a hundred MiB of
// it, for nothing.
export const NODE_FLAGS = ["--max-semi-space-size=8"] as const;

/** OCI image specification, config.md, `config`. */
export const CONTAINER = {
  User: `${USER}:${USER}`,
  ExposedPorts: { "8443/tcp": {}, "9090/tcp": {} },
  Env: [
    "PATH=/usr/local/bin:/nodejs/bin",
    // Without it Node asks /etc/passwd, which does not know the user that OpenShift gives a Pod.
    "HOME=/",
  ],
  Entrypoint: [`/${NODE}`, ...NODE_FLAGS, `/${PROGRAM}`],
  Cmd: ["serve"],
  WorkingDir: "/",
  StopSignal: "SIGTERM",
} as const;
