import { UsageError } from "../../core/errors.ts";
import type { JobId, NewJob } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import { randomId } from "../../core/random_id.ts";
import type { Connection } from "./connection.ts";
import { encodeSpec, formatJobId } from "./row.ts";

/** Rows in one INSERT: each call into SQLite costs as much as several rows, beyond this the gain is small. */
const ROWS = 50;

const COLUMNS =
  "queue_id, suffix, name, spec, max_attempts, retry_delay_ms, timeout_ms, created_at, visible_at";
const insertRows = (rows: number) =>
  `INSERT INTO jobs (${COLUMNS}) VALUES ${Array(rows).fill("(?, ?, ?, ?, ?, ?, ?, ?, ?)").join(", ")}`;
const INSERT_ONE = insertRows(1);
const INSERT_MANY = insertRows(ROWS);

/** Letters after the number in an id: 30 random bits. */
const SUFFIX_LENGTH = 6;

export interface InsertOptions {
  readonly queueId: number;
  readonly now: number;
  /** The largest `spec` with the name, in bytes. */
  readonly limit: number;
}

/** Inserts the jobs inside the caller's transaction; answers their ids in the same order. @throws {UsageError} for a job over the limit */
export function insertJobs(
  connection: Connection,
  jobs: readonly NewJob[],
  options: InsertOptions,
): readonly JobId[] {
  const ids: JobId[] = [];
  for (let start = 0; start < jobs.length;) {
    const rows = jobs.length - start >= ROWS ? ROWS : 1;
    const suffixes: string[] = [];
    const values: (string | number | null)[] = [];
    for (const job of jobs.slice(start, start + rows)) {
      const suffix = randomId(SUFFIX_LENGTH);
      suffixes.push(suffix);
      values.push(...rowOf(job, suffix, options));
    }
    const { lastInsertRowid } = connection.prepare(rows === 1 ? INSERT_ONE : INSERT_MANY).run(...values);
    // Nobody else can insert during the transaction, so the numbers of one statement follow each other.
    const first = Number(lastInsertRowid) - rows + 1;
    suffixes.forEach((suffix, index) => ids.push(formatJobId(first + index, suffix)));
    start += rows;
  }
  return ids;
}

function rowOf(
  job: NewJob,
  suffix: string,
  { queueId, now, limit }: InsertOptions,
): (string | number | null)[] {
  const spec = encodeSpec(job);
  assertSpan("a delay", job.delayMs ?? 0, { min: 0 });
  const text = spec + (job.name ?? "");
  // A UTF-16 code unit makes at most three bytes of UTF-8.
  if (text.length * 3 > limit && new TextEncoder().encode(text).length > limit) {
    throw new UsageError(`the job with its environment is larger than ${limit} bytes`, {
      hint: "put the data into a file and push a command that reads it",
    });
  }
  return [
    queueId,
    suffix,
    job.name ?? null,
    spec,
    job.maxAttempts ?? 1,
    job.retryDelayMs ?? null,
    job.timeoutMs ?? null,
    now,
    now + (job.delayMs ?? 0),
  ];
}
