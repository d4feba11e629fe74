import type { JobState } from "../../core/job.ts";
import type { JobRecord, ListOptions, SortKey } from "../../core/job_store.ts";
import type { QueueContext } from "./context.ts";
import { decodeRecord, RECORD_COLUMNS, type RecordRow, UPDATED_AT } from "./record_row.ts";
import { READY } from "./row.ts";

/** By what jobs are sorted; the number of a job tells when it was pushed. */
const SORT_TERMS: Readonly<Record<Exclude<SortKey, "created">, string>> = {
  updated: UPDATED_AT,
  started: "started_at",
  finished: "finished_at",
  priority: "priority",
  name: "name",
  duration: "max(0, ended_at - started_at)",
  attempts: "attempts",
};

/** The jobs in each state, by index alone. */
const IN_STATE: Readonly<Record<JobState, string>> = {
  blocked: "SELECT seq FROM jobs WHERE queue_id = :queue_id AND state = 'blocked'",
  pending: `SELECT seq FROM jobs WHERE ${READY} UNION ALL ${timed("pending")}`,
  running: timed("running"),
  completed: finished("completed"),
  failed: finished("failed"),
  cancelled: finished("cancelled"),
  timeout: finished("timeout"),
};

function timed(state: JobState): string {
  return `SELECT seq FROM jobs WHERE queue_id = :queue_id AND visible_at IS NOT NULL AND state = '${state}'`;
}

function finished(state: JobState): string {
  return `SELECT seq FROM jobs WHERE queue_id = :queue_id AND state = '${state}' AND finished_at IS NOT NULL`;
}

/** As `JobStore.list`. */
export async function listJobs(
  { connection, queueId }: QueueContext,
  options: ListOptions,
): Promise<readonly JobRecord[]> {
  const { states = [], name, createdSince, limit = Infinity, signal } = options;
  const values = {
    queue_id: queueId,
    ...options.states && !usesIndexes(states) && { states: JSON.stringify(states) },
    ...name !== undefined && { name },
    ...createdSince !== undefined && { created_since: createdSince },
    limit: Number.isFinite(limit) ? limit : -1,
  };
  const statement = listStatement(options);
  return await connection.read("list the jobs of", () => {
    const records: JobRecord[] = [];
    // Of a million jobs, all rows at once would take three times the memory.
    for (const row of connection.prepare(statement).iterate(values)) {
      records.push(decodeRecord(row as unknown as RecordRow));
    }
    return records;
  }, signal);
}

/**
 * The statement for these options. Without any, it walks the table backwards and stops at the limit, with nothing to
 * sort:
 *
 *     SCAN jobs
 *
 * Sorting by something else, it looks at all jobs, but keeps only numbers meanwhile.
 */
export function listStatement(options: ListOptions): string {
  const { sort = "created", reverse = false } = options;
  const byAge = `seq ${reverse ? "ASC" : "DESC"}`;
  const where = conditionsOf(options, byAge).join(" AND ");
  if (sort === "created") {
    return `SELECT ${RECORD_COLUMNS} FROM jobs WHERE ${where} ORDER BY ${byAge} LIMIT :limit`;
  }
  // What there is none of comes last either way.
  const order = `${SORT_TERMS[sort]} ${(sort === "name") === reverse ? "DESC" : "ASC"} NULLS LAST, ${byAge}`;
  return `
    SELECT ${RECORD_COLUMNS} FROM jobs
    WHERE seq IN (SELECT seq FROM jobs WHERE ${where} ORDER BY ${order} LIMIT :limit) ORDER BY ${order}`;
}

function conditionsOf(
  { states, name, createdSince, sort = "created" }: ListOptions,
  byAge: string,
): string[] {
  const conditions = ["queue_id = :queue_id"];
  if (name !== undefined) conditions.push("name GLOB :name");
  if (createdSince !== undefined) conditions.push("created_at >= :created_since");
  if (states === undefined) return conditions;
  if (!usesIndexes(states)) {
    conditions.push("state IN (SELECT value FROM json_each(:states))");
  } else {
    const found = Array.from(new Set(states), (state) => IN_STATE[state]).join(" UNION ALL ");
    const isOnly = conditions.length === 1 && sort === "created";
    conditions.push(`seq IN (${found}${isOnly ? ` ORDER BY ${byAge} LIMIT :limit` : ""})`);
  }
  return conditions;
}

/** Where most jobs are completed, a walk through all comes upon some sooner than the index could be sorted. */
function usesIndexes(states: readonly JobState[]): boolean {
  return states.length > 0 && !states.includes("completed");
}
