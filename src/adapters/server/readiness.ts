/** Whether new requests should come: not before the first lists are there, and not once the process wants to stop. */
export class Readiness {
  #state: "starting" | "ready" | "draining" = "starting";

  get state(): "starting" | "ready" | "draining" {
    return this.#state;
  }

  /** The first lists are there. A process that is stopping stays unready. */
  becomeReady(): void {
    if (this.#state === "starting") this.#state = "ready";
  }

  startDraining(): void {
    this.#state = "draining";
  }
}
