import type { Io, OutputStream, Signal } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";

export type Stream = "stdin" | "stdout" | "stderr";

export interface FakeIoOptions {
  /** Standard input: text, or the pieces in which it arrives. Default: empty. */
  readonly stdin?: string | readonly (string | Uint8Array<ArrayBuffer>)[];
  readonly env?: Readonly<Record<string, string>>;
  /** Which streams are a terminal. Default: none. */
  readonly terminals?: readonly Stream[];
  readonly columns?: number;
}

/** What a command wrote, and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream that keeps what is written to it. */
export class FakeStream implements OutputStream {
  readonly closed = false;
  readonly #chunks: Uint8Array[] = [];
  readonly #told?: (text: string) => void;

  /** @param told is called with each text that is written */
  constructor(told?: (text: string) => void) {
    this.#told = told;
  }

  write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    this.#chunks.push(bytes);
    this.#told?.(new TextDecoder().decode(bytes));
    return Promise.resolve();
  }

  note(text: string): void {
    void this.write(text);
  }

  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }
}

/** The world of a command line in a test. */
export class FakeIo {
  readonly stdout = new FakeStream();
  readonly stderr = new FakeStream();
  readonly handlers = new Map<Signal, () => void>();
  readonly io: Io;

  constructor({ stdin = "", env = {}, terminals = [], columns = 80 }: FakeIoOptions = {}) {
    const pieces = typeof stdin === "string" ? [stdin] : stdin;
    this.io = {
      stdin: () => ReadableStream.from(pieces.map(toBytes)),
      stdout: this.stdout,
      stderr: this.stderr,
      isTerminal: (stream) => terminals.includes(stream),
      columns: () => columns,
      env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
      onSignal: (signal, handler) => {
        this.handlers.set(signal, handler);
        return { [Symbol.dispose]: () => void this.handlers.delete(signal) };
      },
    };
  }
}

/** Runs a command line in this process. */
export async function runMain(args: readonly string[], options: FakeIoOptions = {}): Promise<CommandResult> {
  const fake = new FakeIo(options);
  const code = await main(args, fake.io);
  return { code, stdout: fake.stdout.text, stderr: fake.stderr.text };
}

function toBytes(piece: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
}
