import { concat } from "./bytes.ts";

/** A stream to the outside that never blocks the event loop and never fails because nobody reads it any more. */
export interface OutputStream {
  /** Resolves when the data is out; the order of calls is kept. */
  write(data: string | Uint8Array): Promise<void>;
  /** As `write`, for news that may come a moment later and that nobody waits for, such as a log line. */
  note(text: string): void;
  /** Nobody reads any more, as after `| head -1`. */
  readonly closed: boolean;
  /** Why some of the data could not be written, other than that nobody reads it: a full disk, for example. */
  readonly failure?: unknown;
}

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR1";

/** What a command knows of the world; replaced in tests. */
export interface Io {
  readonly stdin: () => ReadableStream<Uint8Array>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly isTerminal: (stream: "stdin" | "stdout" | "stderr") => boolean;
  readonly columns: () => number;
  readonly env: (name: string) => string | undefined;
  readonly onSignal: (signal: Signal, handler: () => void) => Disposable;
}

/** The process's own streams. */
export function systemIo(): Io {
  return {
    stdin: () => Deno.stdin.readable,
    stdout: new FileStream(Deno.stdout),
    stderr: new FileStream(Deno.stderr),
    isTerminal: (stream) => Deno[stream].isTerminal(),
    columns: () => {
      try {
        // A terminal that was never told its size answers 0.
        return Deno.consoleSize().columns || 80;
      } catch {
        return 80;
      }
    },
    env: (name) => Deno.env.get(name),
    onSignal: (signal, handler) => {
      Deno.addSignalListener(signal, handler);
      return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, handler) };
    },
  };
}

/** Notes are dropped while more than this waits for a reader that stands still, in bytes. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** Notes that follow each other faster than this go out together, in ms: a call of the system costs as much as many lines. */
const NOTE_INTERVAL_MS = 20;

/** Collects what is written in one turn of the event loop and hands it to the system in one call. */
class FileStream implements OutputStream {
  readonly #file: { write(data: Uint8Array): Promise<number> };
  readonly #encoder = new TextEncoder();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #flushing: Promise<void> | undefined;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #notedAt = -Infinity;
  #closed = false;
  #failure: unknown;

  constructor(file: { write(data: Uint8Array): Promise<number> }) {
    this.#file = file;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get failure(): unknown {
    return this.#failure;
  }

  write(data: string | Uint8Array): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#add(typeof data === "string" ? this.#encoder.encode(data) : data);
    // The first use of a timer takes 5 ms, which a push should not pay.
    if (this.#noteTimer !== undefined) clearTimeout(this.#noteTimer);
    this.#noteTimer = undefined;
    return this.#flushing ??= this.#flush();
  }

  note(text: string): void {
    if (this.#closed || this.#waitingBytes > MAX_UNREAD_BYTES) return;
    this.#add(this.#encoder.encode(text));
    if (this.#flushing || this.#noteTimer !== undefined) return;
    const sinceLastMs = performance.now() - this.#notedAt;
    if (sinceLastMs >= NOTE_INTERVAL_MS) this.#flushNotes();
    else this.#noteTimer = setTimeout(() => this.#flushNotes(), NOTE_INTERVAL_MS - sinceLastMs);
  }

  #flushNotes(): void {
    this.#notedAt = performance.now();
    void this.write("");
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  async #flush(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#closed) {
      const batch = concat(this.#waiting);
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        for (let sent = 0; sent < batch.length;) sent += await this.#file.write(batch.subarray(sent));
      } catch (error) {
        // A reader that left is no reason to stop working, and no failure.
        this.#closed = true;
        if (!(error instanceof Deno.errors.BrokenPipe)) this.#failure = error;
      }
    }
    this.#flushing = undefined;
  }
}
