import { UsageError } from "../../core/errors.ts";
import { assertRunnable, forEachJob, type JobId, type NewJob } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import { randomId } from "../../core/random_id.ts";
import type { Connection } from "./connection.ts";
import { encodeSpec, formatJobId } from "./row.ts";

/** Rows in one INSERT: each call into SQLite costs as much as several rows, beyond this the gain is small. */
const ROWS = 50;

// The first two are the same in all rows of a statement, and are handed over once.
const COLUMNS =
  "queue_id, created_at, suffix, name, spec, max_attempts, retry_delay_ms, timeout_ms, visible_at";
const insertStatement = (rows: number) =>
  `INSERT INTO jobs (${COLUMNS}) VALUES ${Array(rows).fill("(?1, ?2, ?, ?, ?, ?, ?, ?, ?)").join(", ")}`;
const INSERT_ONE = insertStatement(1);
const INSERT_MANY = insertStatement(ROWS);

/** Letters after the number in an id: 30 random bits. */
const SUFFIX_LENGTH = 6;

const encoder = new TextEncoder();

/** A job that was checked and encoded, ready for the table. */
export interface NewRow {
  readonly suffix: string;
  readonly job: NewJob;
  readonly spec: string;
}

/**
 * Checks and encodes jobs, so that the transaction has only to insert them.
 *
 * @param maxBytes the largest `spec` with the name
 * @throws {JobRefusedError} for a job that no worker could run, or over the limit
 */
export function encodeRows(jobs: readonly NewJob[], maxBytes: number): readonly NewRow[] {
  const rows: NewRow[] = [];
  forEachJob(jobs, (job) => {
    assertRunnable(job);
    assertSpan("a delay", job.delayMs ?? 0, { min: 0 });
    const spec = encodeSpec(job);
    assertSize(spec, job.name ?? "", maxBytes);
    rows.push({ suffix: randomId(SUFFIX_LENGTH), job, spec });
  });
  return rows;
}

/** Inserts the rows inside the caller's transaction; answers the ids in the same order. */
export function insertRows(
  connection: Connection,
  rows: readonly NewRow[],
  { queueId, now }: { queueId: number; now: number },
): readonly JobId[] {
  const ids: JobId[] = [];
  for (let start = 0; start < rows.length;) {
    const count = rows.length - start >= ROWS ? ROWS : 1;
    const chunk = rows.slice(start, start + count);
    const values: (string | number | null)[] = [queueId, now];
    for (const { suffix, job, spec } of chunk) {
      values.push(
        suffix,
        job.name ?? null,
        spec,
        job.maxAttempts ?? 1,
        job.retryDelayMs ?? null,
        job.timeoutMs ?? null,
        now + (job.delayMs ?? 0),
      );
    }
    const statement = connection.prepare(count === 1 ? INSERT_ONE : INSERT_MANY);
    // Nobody else can insert during the transaction, so the numbers of one statement follow each other.
    const first = Number(statement.run(...values).lastInsertRowid) - count + 1;
    chunk.forEach(({ suffix }, index) => ids.push(formatJobId(first + index, suffix)));
    start += count;
  }
  return ids;
}

function assertSize(spec: string, name: string, maxBytes: number): void {
  // A UTF-16 code unit makes at most three bytes of UTF-8.
  if ((spec.length + name.length) * 3 <= maxBytes) return;
  if (encoder.encode(spec + name).length <= maxBytes) return;
  throw new UsageError(`the job with its environment is larger than ${maxBytes} bytes`, {
    hint: "put the data into a file and push a command that reads it",
  });
}
