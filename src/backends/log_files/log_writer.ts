import { errorMessage } from "../../core/errors.ts";
import type { LogWriter, LogWriterOptions } from "../../core/job_logs.ts";
import { type LogPlace, readSegmentName, segmentPath } from "./log_segments.ts";

/**
 * Writes the log of one execution, without the detour by which the runtime keeps its thread free: for the few bytes
 * of most jobs that takes ten times as long as the disk, and a disk that stands still stops the queue's file as well.
 * Each file holds up to half of what is kept, and the last two are kept, so that at least half of it can be read at
 * any time.
 */
export class FileLogWriter implements LogWriter {
  readonly #place: LogPlace;
  readonly #segmentBytes: number;
  readonly #onProblem: (reason: string) => void;
  #file: Deno.FsFile | undefined;
  /** What was printed before the newest file, and what is in it, in bytes. */
  #offset = 0;
  #size = 0;
  #before: string | undefined;
  #ended: boolean;

  constructor(place: LogPlace, { maxBytes, onProblem = () => {} }: LogWriterOptions) {
    this.#place = place;
    this.#segmentBytes = Math.floor(maxBytes / 2);
    this.#onProblem = onProblem;
    this.#ended = this.#segmentBytes < 1;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#append(bytes);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  #append(bytes: Uint8Array): void {
    let rest = bytes;
    try {
      while (rest.length > 0 && !this.#ended) {
        if (this.#size === this.#segmentBytes) this.#finishSegment();
        this.#file ??= this.#begin();
        const written = this.#file.writeSync(rest.subarray(0, this.#segmentBytes - this.#size));
        this.#size += written;
        rest = rest.subarray(written);
      }
    } catch (error) {
      this.#end();
      // The queue may be on the same disk, and what came of the job matters more than what it printed.
      if (isDiskFull(error)) this.#giveBack();
      this.#onProblem(`${this.#path}: ${errorMessage(error)}`);
    }
  }

  get #path(): string {
    return segmentPath(this.#place, this.#offset);
  }

  #begin(): Deno.FsFile {
    for (let tries = 3;; tries--) {
      try {
        const isFirst = this.#offset === 0;
        return Deno.openSync(this.#path, { write: true, create: true, truncate: true, createNew: isFirst });
      } catch (error) {
        if (tries === 0) throw error;
        // An execution that a power cut has made the queue forget had the same number.
        if (error instanceof Deno.errors.AlreadyExists) this.#removeSegments();
        else if (error instanceof Deno.errors.NotFound) this.#makeBucket();
        else throw error;
      }
    }
  }

  /** The oldest file goes before the next one comes, so that there is never more than what may be kept. */
  #finishSegment(): void {
    this.#file?.close();
    this.#file = undefined;
    if (this.#before !== undefined) this.#drop(this.#before);
    this.#before = this.#path;
    this.#offset += this.#size;
    this.#size = 0;
  }

  /** The first file stays, with nothing in it: it tells whoever begins the same log that there are others. */
  #drop(path: string): void {
    ifThere(() => path === segmentPath(this.#place, 0) ? Deno.truncateSync(path) : Deno.removeSync(path));
  }

  #makeBucket(): void {
    try {
      Deno.mkdirSync(this.#place.bucket, { recursive: true });
    } catch (error) {
      // Whoever removes the last log of a bucket removes that, too, even while we look whether it is there.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }

  #giveBack(): void {
    try {
      this.#removeSegments();
    } catch {
      // Then there was nothing to give back, or it cannot be had.
    }
  }

  #removeSegments(): void {
    const { bucket, id, execution } = this.#place;
    for (const { name } of Deno.readDirSync(bucket)) {
      const segment = readSegmentName(name);
      if (segment?.id === id && segment.execution === execution) {
        ifThere(() => Deno.removeSync(`${bucket}/${name}`));
      }
    }
  }

  #end(): void {
    this.#ended = true;
    this.#file?.close();
    this.#file = undefined;
  }
}

function ifThere(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** ENOSPC or EDQUOT, for which the runtime has no class of their own. */
function isDiskFull(error: unknown): boolean {
  return /\(os error (?:28|122)\)/.test(errorMessage(error));
}
