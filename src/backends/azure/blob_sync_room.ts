import { onAbort } from "../../core/abort.ts";

/** Memory for one request; dispose to give it back. */
export interface Space extends Disposable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Set when nobody reads the bytes any more: others may get them at once, without waiting for the garbage collector. */
  isReusable: boolean;
}

interface Waiting {
  readonly length: number;
  readonly grant: () => void;
}

export interface RoomOptions {
  readonly sizeBytes: number;
  /** The length of which most spaces are. */
  readonly blockBytes: number;
}

/** Bounds the memory that many uploads use at the same time: each takes space for what it holds, in turn. */
export class Room {
  readonly #options: RoomOptions;
  readonly #waiting: Waiting[] = [];
  #taken = 0;
  #spare: Uint8Array<ArrayBuffer>[] = [];

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Waits for space; who wants more than there is gets it alone. @throws the signal's reason */
  async take(length: number, signal?: AbortSignal): Promise<Space> {
    signal?.throwIfAborted();
    await this.#turn(length, signal);
    const isBlock = length === this.#options.blockBytes;
    const space = {
      bytes: (isBlock ? this.#spare.pop() : undefined) ?? new Uint8Array(length),
      isReusable: false,
      [Symbol.dispose]: () => {
        if (isBlock && space.isReusable) this.#spare.push(space.bytes);
        this.#taken -= length;
        this.#grant();
        if (this.#taken === 0) this.#spare = [];
      },
    };
    return space;
  }

  async #turn(length: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { length, grant: resolve };
    this.#waiting.push(waiting);
    using _ = signal && onAbort(signal, () => {
      const index = this.#waiting.indexOf(waiting);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(signal.reason);
      this.#grant();
    });
    this.#grant();
    await promise;
  }

  #grant(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (this.#taken > 0 && this.#taken + next.length > this.#options.sizeBytes) return;
      this.#waiting.shift();
      this.#taken += next.length;
      next.grant();
    }
  }
}
