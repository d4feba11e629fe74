import { errorMessage } from "../../core/errors.ts";
import type { LogWriter, LogWriterOptions } from "../../core/job_logs.ts";
import { listSegments, segmentPath } from "./log_segments.ts";

/**
 * Writes the log of one execution. Each file holds up to half of what is kept, and the last two are kept, so that at
 * least half of it can be read at any time.
 */
export class FileLogWriter implements LogWriter {
  readonly #folder: string;
  readonly #execution: number;
  readonly #segmentBytes: number;
  readonly #onProblem: (reason: string) => void;
  #file: Deno.FsFile | undefined;
  /** What was printed before the newest file, and what is in it, in bytes. */
  #offset = 0;
  #size = 0;
  #before: string | undefined;
  #ended: boolean;
  #last: Promise<void> = Promise.resolve();

  constructor(
    { folder, execution }: { folder: string; execution: number },
    { maxBytes, onProblem = () => {} }: LogWriterOptions,
  ) {
    this.#folder = folder;
    this.#execution = execution;
    this.#segmentBytes = Math.floor(maxBytes / 2);
    this.#onProblem = onProblem;
    this.#ended = this.#segmentBytes < 1;
  }

  write(bytes: Uint8Array): Promise<void> {
    // Both streams of a job write here, and neither waits for the other.
    return this.#last = this.#last.then(() => this.#append(bytes));
  }

  close(): Promise<void> {
    return this.#last = this.#last.then(() => this.#end());
  }

  async #append(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    try {
      while (rest.length > 0 && !this.#ended) {
        if (this.#size === this.#segmentBytes) await this.#finishSegment();
        this.#file ??= await this.#begin();
        const written = await this.#file.write(rest.subarray(0, this.#segmentBytes - this.#size));
        this.#size += written;
        rest = rest.subarray(written);
      }
    } catch (error) {
      this.#end();
      this.#onProblem(`${this.#path}: ${errorMessage(error)}`);
    }
  }

  get #path(): string {
    return segmentPath(this.#folder, this.#execution, this.#offset);
  }

  async #begin(): Promise<Deno.FsFile> {
    if (this.#offset === 0) await this.#makeFolder();
    return await Deno.open(this.#path, { write: true, create: true, truncate: true });
  }

  /** The oldest file goes before the next one comes, so that there is never more than what may be kept. */
  async #finishSegment(): Promise<void> {
    this.#file?.close();
    this.#file = undefined;
    if (this.#before !== undefined) await removeFile(this.#before);
    this.#before = this.#path;
    this.#offset += this.#size;
    this.#size = 0;
  }

  async #makeFolder(): Promise<void> {
    const bucket = this.#folder.slice(0, this.#folder.lastIndexOf("/"));
    for (let tries = 3;; tries--) {
      try {
        return await Deno.mkdir(this.#folder);
      } catch (error) {
        // An execution that a power cut has made the queue forget had the same number.
        if (error instanceof Deno.errors.AlreadyExists) return await this.#removeSegments();
        if (!(error instanceof Deno.errors.NotFound) || tries === 0) throw error;
      }
      try {
        await Deno.mkdir(bucket, { recursive: true });
      } catch (error) {
        // Whoever removes the logs of its last job removes the bucket, too, even while we look whether it is there.
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  }

  async #removeSegments(): Promise<void> {
    for (const { path } of await listSegments(this.#folder, this.#execution)) await removeFile(path);
  }

  #end(): void {
    this.#ended = true;
    this.#file?.close();
    this.#file = undefined;
  }
}

async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
