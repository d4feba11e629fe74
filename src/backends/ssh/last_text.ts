/** How much is kept, in characters. */
const MAX_KEPT = 4_096;

/** Reads a stream to its end, and keeps the last of its text without what would move a cursor. */
export class LastText {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  /** Resolves when the stream has ended; never rejects. */
  readonly ended: Promise<void>;

  /** @param onLine is told of each line as it comes */
  constructor(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void) {
    this.#reader = stream.getReader();
    this.ended = this.#read(onLine);
  }

  /** Up to 4,096 characters. */
  get text(): string {
    return this.#text;
  }

  /** Reads no more. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
    await this.ended;
  }

  async #read(onLine: (line: string) => void): Promise<void> {
    let line = "";
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) break;
        const text = this.#decoder.decode(value, { stream: true }).replaceAll(/[^\P{Cc}\n]/gu, "");
        this.#text = (this.#text + text).slice(-MAX_KEPT);
        const lines = (line + text).split("\n");
        line = (lines.pop() ?? "").slice(-MAX_KEPT);
        for (const whole of lines) if (whole !== "") onLine(whole);
      }
    } catch {
      // What was said until then is all there is.
    }
    if (line !== "") onLine(line);
  }
}
