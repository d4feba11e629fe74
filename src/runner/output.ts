import type { JobId } from "../core/job.ts";

/** Which of a job's two streams. */
export type StreamName = "stdout" | "stderr";

/** Takes what one execution of a job prints, as it comes. */
export interface JobOutput {
  /** The job stands still until this resolves, which bounds the memory. */
  write(stream: StreamName, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The execution that an output is for. */
export interface OutputOf {
  readonly id: JobId;
  /** Which of the job's executions, from 1. */
  readonly execution: number;
  readonly slot: number;
}

/** Makes a `JobOutput` for each execution. */
export type OutputFactory = (job: OutputOf) => JobOutput;

/** Throws the output away; the last lines are kept all the same. */
export const discardOutput: OutputFactory = (): JobOutput => ({
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 20;

/** Remembers the last lines of a stream of bytes in constant memory. */
export class OutputTail {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): void {
    // A copy, so that a small piece does not keep a large buffer alive.
    const kept = chunk.slice(-TAIL_BYTES);
    this.#chunks.push(kept);
    this.#bytes += kept.length;
    for (
      let first = this.#chunks[0];
      first && this.#bytes - first.length >= TAIL_BYTES;
      first = this.#chunks[0]
    ) {
      this.#chunks.shift();
      this.#bytes -= first.length;
    }
  }

  /** Up to 20 lines as one would see them: a progress bar only in its last form, no control characters. */
  text(): string | undefined {
    const all = new Uint8Array(this.#bytes);
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    const lines = new TextDecoder().decode(all.subarray(-TAIL_BYTES)).trimEnd().split("\n");
    const shown = lines.slice(-TAIL_LINES).map(asSeen).join("\n");
    return shown === "" ? undefined : shown;
  }
}

function asSeen(line: string): string {
  const last = line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
  // deno-lint-ignore no-control-regex
  return last.replaceAll(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[^[]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "").trimEnd();
}
