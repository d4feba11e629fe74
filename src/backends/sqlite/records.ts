import type { JobId, JobState, ParentCondition } from "../../core/job.ts";
import type { Execution, JobDetails, JobRecord, ListOptions, ParentRecord } from "../../core/job_store.ts";
import type { CallOptions } from "../../core/queue.ts";
import { formatJobId, parseJobId } from "../numbered_id.ts";
import type { QueueContext } from "./context.ts";
import { findIds } from "./find_ids.ts";
import { listJobs } from "./list_jobs.ts";
import {
  decodeExecution,
  decodeNewestExecution,
  decodeRecord,
  EXECUTION_COLUMNS,
  type ExecutionRow,
  RECORD_COLUMNS,
  type RecordRow,
} from "./record_row.ts";
import { READY } from "./row.ts";
import { readSnapshot } from "./snapshot.ts";

const THIS_ONE = "seq = :seq AND suffix = :suffix AND queue_id = :queue_id";

const GET = `SELECT ${RECORD_COLUMNS} FROM jobs WHERE ${THIS_ONE}`;

const PARENTS = `
  SELECT parent, parent_suffix, condition, satisfied, state FROM dependencies
  LEFT JOIN jobs ON jobs.seq = parent WHERE child = ? ORDER BY position`;

const CHILDREN = `
  SELECT seq, suffix FROM dependencies JOIN jobs ON jobs.seq = child WHERE parent = ? ORDER BY child`;

const EXECUTIONS = `SELECT ${EXECUTION_COLUMNS} FROM executions WHERE job = ? ORDER BY number`;

const PLACE = `SELECT state, priority, visible_at FROM jobs WHERE ${THIS_ONE}`;

const DELAYED = "queue_id = :queue_id AND state = 'pending'";

/** Those before a job that is ready. Delays that have passed are ended by the next claim, so they count. */
export const BEFORE_READY = `
  SELECT
    (SELECT count(*) FROM jobs WHERE ${READY} AND priority > :priority) +
    (SELECT count(*) FROM jobs WHERE ${READY} AND priority = :priority AND seq < :seq) +
    (SELECT count(*) FROM jobs WHERE ${DELAYED} AND visible_at <= :now
      AND (priority > :priority OR (priority = :priority AND seq < :seq))) AS jobs`;

/** Those before a job that is delayed: all that are ready until then. */
export const BEFORE_DELAYED = `
  SELECT
    (SELECT count(*) FROM jobs WHERE ${READY}) +
    (SELECT count(*) FROM jobs WHERE ${DELAYED} AND visible_at < :visible_at) AS jobs`;

interface PlaceRow {
  readonly state: JobState;
  readonly priority: number;
  readonly visible_at: number | null;
}

/** What the file knows of the jobs of one queue. */
export class Records {
  readonly #context: QueueContext;

  constructor(context: QueueContext) {
    this.#context = context;
  }

  /** As `JobStore.get`. */
  async get(id: JobId, { signal }: CallOptions = {}): Promise<JobDetails | undefined> {
    const { connection, queueId } = this.#context;
    const key = parseJobId(id);
    if (key === undefined) return undefined;
    const statements = () => {
      const row = connection.prepare(GET).get({ ...key, queue_id: queueId }) as RecordRow | undefined;
      return row && {
        ...decodeRecord(row),
        parents: connection.prepare(PARENTS).all(row.seq).map(decodeParent),
        children: connection.prepare(CHILDREN).all(row.seq).map(({ seq, suffix }) =>
          formatJobId(Number(seq), String(suffix))
        ),
        history: this.#historyOf(row),
      };
    };
    return await readSnapshot(connection, "read", { statements, signal });
  }

  /** As `JobStore.findIds`. */
  findIds(text: string, options: CallOptions & { limit: number }): Promise<readonly JobId[]> {
    return findIds(this.#context, text, options);
  }

  /** As `JobStore.list`. */
  list(options: ListOptions = {}): Promise<readonly JobRecord[]> {
    return listJobs(this.#context, options);
  }

  /** As `JobStore.position`. */
  async position(id: JobId, { signal }: CallOptions = {}): Promise<number | undefined> {
    const { connection, queueId, clock } = this.#context;
    const key = parseJobId(id);
    if (key === undefined) return undefined;
    const statements = () => {
      const place = connection.prepare(PLACE).get({ ...key, queue_id: queueId }) as PlaceRow | undefined;
      if (place?.state !== "pending") return undefined;
      const { visible_at, priority } = place;
      const now = clock.now();
      const before = visible_at !== null && visible_at > now
        ? connection.prepare(BEFORE_DELAYED).get({ queue_id: queueId, visible_at })
        : connection.prepare(BEFORE_READY).get({ queue_id: queueId, priority, seq: key.seq, now });
      return Number(before?.jobs);
    };
    return await readSnapshot(connection, "read", { statements, signal });
  }

  /** The executions that were kept, and the newest, which stands in the job's own row until the next one begins. */
  #historyOf(row: RecordRow): readonly Execution[] {
    const kept = this.#context.connection.prepare(EXECUTIONS).all(row.seq) as unknown as ExecutionRow[];
    const history = kept.map((execution) => decodeExecution(execution, row));
    if (row.started_at === null || kept.at(-1)?.number === row.executions) return history;
    return [...history, decodeNewestExecution(row, row.started_at)];
  }
}

function decodeParent(
  { parent, parent_suffix, condition, satisfied, state }: Readonly<Record<string, unknown>>,
): ParentRecord {
  return {
    id: formatJobId(Number(parent), String(parent_suffix)),
    when: condition as ParentCondition,
    state: state === null ? undefined : state as JobState,
    isSatisfied: satisfied === 1,
  };
}
