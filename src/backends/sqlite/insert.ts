import { UsageError } from "../../core/errors.ts";
import { assertPlace, assertRunnable, forEachJob, type JobId, type NewJob } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import { randomId } from "../../core/random_id.ts";
import { formatJobId } from "../numbered_id.ts";
import type { Connection } from "./connection.ts";
import { encodeSpec } from "./row.ts";

/** Rows in one INSERT: each call into SQLite costs as much as several rows, beyond this the gain is small. */
const ROWS = 50;

// The first two are the same in all rows of a statement, and are handed over once.
const COLUMNS =
  "queue_id, created_at, suffix, name, spec, max_attempts, retry_delay_ms, timeout_ms, priority";
const insertStatement = (rows: number) =>
  `INSERT INTO jobs (${COLUMNS}) VALUES ${Array(rows).fill("(?1, ?2, ?, ?, ?, ?, ?, ?, ?)").join(", ")}`;
const INSERT_ONE = insertStatement(1);
const INSERT_MANY = insertStatement(ROWS);
const INSERT_WAITING = `
  INSERT INTO jobs (${COLUMNS}, visible_at, wait_ms, state, waits, has_parents, job_key)
  VALUES (?1, ?2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

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
    assertPlace(job);
    assertSpan("a delay", job.delayMs ?? 0, { min: 0 });
    const spec = encodeSpec(job);
    assertSize(spec, job.name ?? "", maxBytes);
    rows.push({ suffix: randomId(SUFFIX_LENGTH), job, spec });
  });
  return rows;
}

/** Whether a job waits for a time or for others, or is unique: `insertRows` is for those that are not. */
export function isRelated(job: NewJob): boolean {
  // Without defaults: they would be made for each of a million jobs.
  return (job.after !== undefined && job.after.length > 0) || job.ifExists !== undefined ||
    job.key !== undefined || (job.delayMs !== undefined && job.delayMs > 0);
}

export interface InsertOptions {
  readonly queueId: number;
  readonly now: number;
}

/** Inserts rows that wait for nothing and have no key, inside the caller's transaction; answers the ids in the same order. */
export function insertRows(
  connection: Connection,
  rows: readonly NewRow[],
  { queueId, now }: InsertOptions,
): readonly JobId[] {
  const ids: JobId[] = [];
  for (let start = 0; start < rows.length;) {
    const count = rows.length - start >= ROWS ? ROWS : 1;
    const chunk = rows.slice(start, start + count);
    const values: Value[] = [queueId, now];
    for (const row of chunk) addValues(values, row);
    const statement = connection.prepare(count === 1 ? INSERT_ONE : INSERT_MANY);
    // Nobody else can insert during the transaction, so the numbers of one statement follow each other.
    const first = Number(statement.run(...values).lastInsertRowid) - count + 1;
    chunk.forEach(({ suffix }, index) => ids.push(formatJobId(first + index, suffix)));
    start += count;
  }
  return ids;
}

/**
 * Inserts a row that may wait for a time or for parents, and may have a unique key, inside the caller's transaction;
 * answers its number.
 *
 * @param options.parents how many parents it waits for
 */
export function insertWaiting(
  connection: Connection,
  row: NewRow,
  { queueId, now, parents }: InsertOptions & { parents: number },
): number {
  const { delayMs = 0, key, ifExists } = row.job;
  const isBlocked = parents > 0;
  const values: Value[] = [queueId, now];
  addValues(values, row);
  values.push(
    delayMs > 0 && !isBlocked ? now + delayMs : null,
    delayMs > 0 ? delayMs : null,
    isBlocked ? "blocked" : "pending",
    parents,
    isBlocked ? 1 : 0,
    ifExists === undefined ? null : key ?? null,
  );
  return Number(connection.prepare(INSERT_WAITING).run(...values).lastInsertRowid);
}

type Value = string | number | null;

/** Adds what COLUMNS has of a row: an array for each of a million rows would be felt. */
function addValues(values: Value[], { suffix, job, spec }: NewRow): void {
  values.push(
    suffix,
    job.name ?? null,
    spec,
    job.maxAttempts ?? 1,
    job.retryDelayMs ?? null,
    job.timeoutMs ?? null,
    job.priority ?? 0,
  );
}

function assertSize(spec: string, name: string, maxBytes: number): void {
  // A UTF-16 code unit makes at most three bytes of UTF-8.
  if ((spec.length + name.length) * 3 <= maxBytes) return;
  if (encoder.encode(spec + name).length <= maxBytes) return;
  throw new UsageError(`the job with its environment is larger than ${maxBytes} bytes`, {
    hint: "put the data into a file and push a command that reads it",
  });
}
