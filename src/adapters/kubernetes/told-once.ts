import type { ClusterError } from "./cluster-error.ts";

/** Tells what goes wrong again and again once, until something else goes wrong or all is well. */
export class ToldOnce {
  readonly #tell: (cause: ClusterError) => void;
  #last = "";

  constructor(tell: (cause: ClusterError) => void) {
    this.#tell = tell;
  }

  failed(cause: ClusterError): void {
    if (cause.code === this.#last) return;
    this.#last = cause.code;
    this.#tell(cause);
  }

  worked(): void {
    this.#last = "";
  }
}
