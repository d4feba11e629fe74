import { UsageError } from "../../core/errors.ts";
import { isFinished, type JobId, type JobState } from "../../core/job.ts";
import type { JobRecord } from "../../core/job_store.ts";
import type { Progress, ProgressSource } from "../../core/wait.ts";
import { formatJobId, parseJobId } from "../numbered_id.ts";
import { ChangeWatch } from "./change_watch.ts";
import type { QueueContext } from "./context.ts";
import { listJobs } from "./list_jobs.ts";
import { decodeRecord, RECORD_COLUMNS, type RecordRow } from "./record_row.ts";
import { readCounts } from "./stats.ts";

/** How many jobs are shown to those who waited for all. */
const MAX_SHOWN = 100;

/** Between two looks passes this many times as long as a look takes: a wait for many jobs must not keep a core busy. */
const REST = 9;

const wanted = (columns: string) => `
  SELECT ${columns} FROM json_each(:seqs) AS wanted CROSS JOIN jobs ON jobs.seq = wanted.value
  WHERE queue_id = :queue_id ORDER BY wanted.key`;

export const STATES = wanted("seq, suffix, state");
const RECORDS = wanted(RECORD_COLUMNS);

/** What `waitForJobs` rests on; from here on no change of the file is missed. */
export function progressSource(context: QueueContext): ProgressSource & Disposable {
  const { connection, clock } = context;
  const watch = new ChangeWatch(`${connection.path}-wal`, { clock });
  let restMs = 0;
  return {
    clock,
    progress: async (which) => {
      // In a file that was removed nothing would ever change.
      connection.assertInPlace();
      const startedAt = clock.now();
      const progress = which === "all" ? await progressOfAll(context) : await progressOf(context, which);
      restMs = (clock.now() - startedAt) * REST;
      return progress;
    },
    nextChange: async (limitMs, signal) => {
      const startedAt = clock.now();
      await clock.sleep(Math.min(restMs, limitMs), signal);
      await watch.next(Math.max(0, limitMs - (clock.now() - startedAt)), signal);
    },
    jobs: (which) => which === "all" ? lastNotCompleted(context) : recordsOf(context, which),
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

async function progressOfAll(context: QueueContext): Promise<Progress> {
  const counts = await readCounts(context);
  return {
    completed: counts.completed,
    notCompleted: counts.failed + counts.timeout + counts.cancelled,
    unfinished: counts.blocked + counts.ready + counts.delayed + counts.running,
  };
}

async function progressOf(context: QueueContext, ids: readonly JobId[]): Promise<Progress> {
  const progress = { completed: 0, notCompleted: 0, unfinished: 0 };
  for (const { state } of await find<{ state: JobState } & Key>(context, STATES, ids)) {
    if (state === "completed") progress.completed++;
    else if (isFinished(state)) progress.notCompleted++;
    else progress.unfinished++;
  }
  return progress;
}

async function recordsOf(context: QueueContext, ids: readonly JobId[]): Promise<readonly JobRecord[]> {
  return (await find<RecordRow>(context, RECORDS, ids)).map(decodeRecord);
}

/** The last to finish comes first. */
function lastNotCompleted(context: QueueContext): Promise<readonly JobRecord[]> {
  return listJobs(context, {
    states: ["failed", "timeout", "cancelled"],
    sort: "finished",
    limit: MAX_SHOWN,
  });
}

interface Key {
  readonly seq: number;
  readonly suffix: string;
}

/** A row for each id, in the same order. @throws {UsageError} for an id that there is not */
async function find<Row extends Key>(
  { connection, queueId }: QueueContext,
  sql: string,
  ids: readonly JobId[],
): Promise<readonly Row[]> {
  const values = { seqs: JSON.stringify(ids.map((id) => parseJobId(id)?.seq ?? 0)), queue_id: queueId };
  const rows = await connection.read("read", () => connection.prepare(sql).all(values)) as unknown as Row[];
  // Numbers that there are not have no row: the first id that is not the row's is the one.
  const missing = ids.findIndex((id, index) => {
    const row = rows[index];
    return row === undefined || formatJobId(row.seq, row.suffix) !== id;
  });
  if (missing === -1) return rows;
  throw new UsageError(`no job has the id "${ids[missing]}"`, {
    hint: "it may have been removed; jobq list shows those that there are",
  });
}
