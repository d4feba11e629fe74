import type { JobOutput, OutputFactory, StreamName } from "../runner/output.ts";
import { concat } from "./bytes.ts";
import type { OutputStream } from "./io.ts";

/** An unfinished line is held back until it ends, or has this many bytes. */
const MAX_HELD_BYTES = 64 * 1024;
const LF = 10;
const CR = 13;

export interface PassThroughOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Put the job's id before each line, so that several jobs can be told apart. */
  readonly prefix: boolean;
}

/** Hands what jobs print to the worker's own streams: the bytes as they are, or whole lines with a prefix. */
export function passThrough({ stdout, stderr, prefix }: PassThroughOptions): OutputFactory {
  const streams = { stdout, stderr };
  return ({ id }) =>
    prefix ? new PrefixedOutput(streams, `${id} | `) : {
      write: (name, bytes) => streams[name].write(bytes),
      close: () => Promise.resolve(),
    };
}

class PrefixedOutput implements JobOutput {
  readonly #streams: Readonly<Record<StreamName, OutputStream>>;
  readonly #prefix: Uint8Array;
  readonly #held: Record<StreamName, Uint8Array> = { stdout: new Uint8Array(0), stderr: new Uint8Array(0) };
  /** The last piece ended in CR: an LF that comes next belongs to the same line end. */
  readonly #afterCr: Record<StreamName, boolean> = { stdout: false, stderr: false };

  constructor(streams: Readonly<Record<StreamName, OutputStream>>, prefix: string) {
    this.#streams = streams;
    this.#prefix = new TextEncoder().encode(prefix);
  }

  async write(name: StreamName, bytes: Uint8Array): Promise<void> {
    const held = this.#held[name];
    const fresh = this.#afterCr[name] && bytes[0] === LF ? bytes.subarray(1) : bytes;
    if (bytes.length > 0) this.#afterCr[name] = bytes.at(-1) === CR;
    const all = held.length > 0 ? concat([held, fresh]) : fresh;
    const end = Math.max(all.lastIndexOf(LF), all.lastIndexOf(CR)) + 1;
    const cut = all.length - end > MAX_HELD_BYTES ? all.length : end;
    this.#held[name] = all.slice(cut);
    if (cut > 0) await this.#streams[name].write(this.#prefixLines(all.subarray(0, cut)));
  }

  async close(): Promise<void> {
    for (const name of ["stdout", "stderr"] as const) {
      const held = this.#held[name];
      if (held.length > 0) {
        await this.#streams[name].write(this.#prefixLines(concat([held, Uint8Array.of(LF)])));
      }
    }
  }

  /** Every piece that ends in LF or CR gets the prefix; a CR becomes LF, as a bar that redraws itself cannot be shown among others. */
  #prefixLines(bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let start = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte !== LF && byte !== CR) continue;
      if (byte === CR && bytes[i + 1] === LF) continue;
      const end = byte === LF && bytes[i - 1] === CR ? i - 1 : i;
      parts.push(this.#prefix, bytes.subarray(start, Math.max(start, end)), Uint8Array.of(LF));
      start = i + 1;
    }
    if (start < bytes.length) parts.push(this.#prefix, bytes.subarray(start), Uint8Array.of(LF));
    return concat(parts);
  }
}
