import type { Failure } from "../../core/failure.ts";
import type { JobId } from "../../core/job.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import { formatJobId, parseJobId } from "../numbered_id.ts";
import type { QueueContext } from "./context.ts";
import { requeueJobs } from "./requeue.ts";
import { decodeFailure } from "./record_row.ts";
import { decodeJobForDisplay, JOB_COLUMNS, type JobRow } from "./row.ts";

const IS_DEAD = "queue_id = :queue_id AND state IN ('failed', 'timeout') AND finished_at IS NOT NULL";

const LIST = `
  SELECT ${JOB_COLUMNS}, finished_at FROM jobs WHERE ${IS_DEAD} ORDER BY finished_at, seq LIMIT :limit`;
const FIND = `SELECT seq, suffix FROM jobs WHERE ${IS_DEAD} AND seq = :seq AND suffix = :suffix`;
const ALL = `SELECT seq, suffix FROM jobs WHERE ${IS_DEAD}`;
const REMOVE = "DELETE FROM jobs WHERE seq = ?";

interface DeadRow {
  readonly seq: number;
  readonly suffix: string;
}

/** The jobs in the states `failed` and `timeout`. */
export class SqliteDeadLetters implements DeadLetters {
  readonly #context: QueueContext;

  constructor(context: QueueContext) {
    this.#context = context;
  }

  async list(
    { limit = Infinity, signal }: CallOptions & { limit?: number } = {},
  ): Promise<readonly DeadLetter[]> {
    const { connection, queueId } = this.#context;
    const rows = await connection.read(
      "read the dead letters of",
      () =>
        connection.prepare(LIST).all({
          queue_id: queueId,
          limit: Number.isFinite(limit) ? limit : -1,
        }) as unknown as (JobRow & { finished_at: number })[],
      signal,
    );
    return rows.map((row) => ({
      job: decodeJobForDisplay(row),
      failure: decodeFailure(row.failure, row.finished_at) ?? unknownFailure(row.finished_at),
    }));
  }

  async requeue(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    const selection = which === "all"
      ? { states: ["failed", "timeout"] as const }
      : await this.#context.connection.read("read", () => which.filter((id) => this.#find(id).length > 0));
    return (await requeueJobs(this.#context, selection, signal)).requeued;
  }

  async purge(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    const { connection, queueId, logs } = this.#context;
    const action = "purge dead letters of";
    const removed = await connection.transaction({ action, durable: true, signal }, () => {
      const rows = which === "all"
        ? connection.prepare(ALL).all({ queue_id: queueId }) as unknown as readonly DeadRow[]
        : [...new Set(which)].flatMap((id) => this.#find(id));
      for (const { seq } of rows) connection.prepare(REMOVE).run(seq);
      return rows.map(({ seq, suffix }) => formatJobId(seq, suffix));
    });
    await logs.remove(removed);
    return removed.length;
  }

  /** The dead letter of this id, if there is one. */
  #find(id: JobId): readonly DeadRow[] {
    const { connection, queueId } = this.#context;
    const key = parseJobId(id);
    if (key === undefined) return [];
    return connection.prepare(FIND).all({ queue_id: queueId, ...key }) as unknown as readonly DeadRow[];
  }
}

function unknownFailure(at: number): Failure {
  return { kind: "failed", message: "the reason was not recorded", at };
}
