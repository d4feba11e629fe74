import { AccessDeniedError, BackendError, errorMessage } from "../../core/errors.ts";
import type { JobId } from "../../core/job.ts";
import type { ExecutionKey, JobLogs, LogPart, LogWriter, LogWriterOptions } from "../../core/job_logs.ts";
import { parseJobId } from "../numbered_id.ts";
import { listNames, listSegments, type LogPlace, readSegmentName } from "./log_segments.ts";
import { FileLogWriter } from "./log_writer.ts";

/** Jobs whose logs share a directory: with all of them in one, people could not look into it. */
const BUCKET = 1_000;

/** The most that one `read()` answers. */
const MAX_PART_BYTES = 1024 * 1024;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Keeps the output of jobs in files: that of execution 2 of job 12345-abcdef in `<directory>/000012/12345-abcdef.2.log`
 * and, when it grows large, in `12345-abcdef.2.<offset>.log`, where the offset is how many bytes were printed before.
 * Not in a directory a job: making one takes as long as making a file, and most jobs have just one.
 */
export class LogFiles implements JobLogs {
  readonly place: string;

  /** @param directory is made, with the directories above it, when the first job prints something */
  constructor(directory: string) {
    this.place = directory;
  }

  open({ id, execution }: ExecutionKey, options: LogWriterOptions): LogWriter {
    return new FileLogWriter({ bucket: this.#bucketOf(id), id, execution }, options);
  }

  /** @throws {AccessDeniedError} for a log that may not be read, {BackendError} for one that cannot */
  async read({ id, execution }: ExecutionKey, from: number): Promise<LogPart> {
    if (parseJobId(id) === undefined) return { bytes: NOTHING, from };
    try {
      return await readPart({ bucket: this.#bucketOf(id), id, execution }, from);
    } catch (error) {
      const message = `Cannot read the log of job ${id}: ${errorMessage(error)}`;
      if (!(error instanceof Deno.errors.PermissionDenied)) throw new BackendError(message, { cause: error });
      throw new AccessDeniedError(message, {
        hint: `check the rights on ${this.place}; the worker's umask decides about them`,
        cause: error,
      });
    }
  }

  /** Removes all logs of jobs. What cannot be removed stays. */
  async remove(ids: readonly JobId[]): Promise<void> {
    const known = ids.filter((id) => parseJobId(id) !== undefined);
    for (const [bucket, jobs] of Map.groupBy(known, (id) => this.#bucketOf(id))) {
      const wanted = new Set(jobs);
      for (const name of await listNames(bucket).catch(() => [])) {
        const segment = readSegmentName(name);
        if (segment && wanted.has(segment.id)) await Deno.remove(`${bucket}/${name}`).catch(() => {});
      }
      // One that is not empty stays.
      await Deno.remove(bucket).catch(() => {});
    }
  }

  /** @throws for what is not an id: it might lead out of the directory */
  #bucketOf(id: JobId): string {
    const key = parseJobId(id);
    if (key === undefined) throw new TypeError(`"${id}" is not the id of a job`);
    return `${this.place}/${String(Math.floor(key.seq / BUCKET)).padStart(6, "0")}`;
  }
}

async function readPart(place: LogPlace, from: number): Promise<LogPart> {
  const segments = await listSegments(place);
  const first = Math.max(0, segments.findLastIndex(({ offset }) => offset <= from));
  let at = from;
  for (const { path, offset } of segments.slice(first)) {
    at = Math.max(at, offset);
    const bytes = await readBytes(path, at - offset);
    // A file that was dropped since, or that somebody cut short, must not hold up a reader.
    if (bytes.length > 0) return { bytes, from: at };
  }
  return { bytes: NOTHING, from: at };
}

/** What a file holds from a position on; nothing when there is no file. */
async function readBytes(path: string, position: number): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    if (position >= size) return NOTHING;
    await file.seek(position, Deno.SeekMode.Start);
    const buffer = new Uint8Array(Math.min(size - position, MAX_PART_BYTES));
    return buffer.subarray(0, await file.read(buffer) ?? 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NOTHING;
    throw error;
  }
}
