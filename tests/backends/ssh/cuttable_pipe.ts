/** A stream of bytes in memory that can be cut, or made to swallow what goes in. */
export class CuttablePipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** What has gone through, in bytes. */
  passed = 0;
  #left = Infinity;
  #swallows = false;
  #isCut = false;
  #held: PromiseWithResolvers<void> | undefined;
  #output: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Lets a writer that waits for the reader go on. */
  #wanted = Promise.withResolvers<void>();

  constructor() {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#output = controller;
      },
      pull: () => this.#wanted.resolve(),
      cancel: () => this.cut(),
    }, { highWaterMark: 16 });
    this.writable = new WritableStream<Uint8Array>({
      write: (chunk) => this.#pass(chunk),
      close: () => this.cut(),
      abort: () => this.cut(),
    });
  }

  /** Ends it after so many more bytes. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
    if (bytes <= 0) this.cut();
  }

  /** Has the reader get a text from elsewhere. */
  say(text: string): void {
    this.#output?.enqueue(new TextEncoder().encode(text));
  }

  /** Takes everything and hands out nothing, as a network whose cable was pulled. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Hands out nothing until it is to go on. */
  hold(): void {
    this.#held ??= Promise.withResolvers<void>();
  }

  goOn(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** The reader gets no more, and the writer an error. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.goOn();
    this.#wanted.resolve();
    try {
      this.#output?.close();
    } catch {
      // The reader has cancelled it.
    }
  }

  async #pass(chunk: Uint8Array): Promise<void> {
    await this.#held?.promise;
    if (this.#swallows) return;
    while (!this.#isCut && (this.#output?.desiredSize ?? 0) <= 0) {
      this.#wanted = Promise.withResolvers();
      await this.#wanted.promise;
    }
    if (this.#isCut) throw new Deno.errors.BrokenPipe("the pipe was cut");
    const part = chunk.slice(0, this.#left);
    this.#left -= part.length;
    this.passed += part.length;
    if (part.length > 0) this.#output?.enqueue(part);
    if (this.#left <= 0) this.cut();
  }
}
