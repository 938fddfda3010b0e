/** How much may be under way at one time. */
export interface LoadLimits {
  /** Requests of up to 32 KiB, which most are. */
  readonly light: number;
  /** Bytes of all larger ones together. */
  readonly heavyBytes: number;
}

/** A Pod with its managed fields has some 10 KB, as an update twice that. */
const LIGHT_BYTES = 32 * 1024;

/** Bounds the requests that are under way. Large ones have a bound of their own: however many come, small ones get in. */
export class Load {
  #light: number;
  #heavyBytes: number;

  constructor({ light, heavyBytes }: LoadLimits) {
    this.#light = light;
    this.#heavyBytes = heavyBytes;
  }

  /** Lets a request of so many bytes in; undefined where there is no room. Calling the answer, once, makes room again. */
  enter(bytes: number): (() => void) | undefined {
    if (bytes <= LIGHT_BYTES) {
      if (this.#light === 0) return undefined;
      this.#light -= 1;
      return () => {
        this.#light += 1;
      };
    }
    if (bytes > this.#heavyBytes) return undefined;
    this.#heavyBytes -= bytes;
    return () => {
      this.#heavyBytes += bytes;
    };
  }
}
