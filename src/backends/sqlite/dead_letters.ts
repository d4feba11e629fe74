import type { SQLOutputValue } from "node:sqlite";
import type { Failure } from "../../core/failure.ts";
import type { JobId } from "../../core/job.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import type { QueueContext } from "./context.ts";
import { requeueJobs } from "./requeue.ts";
import { decodeJobForDisplay, formatJobId, JOB_COLUMNS, type JobRow, parseJobId } from "./row.ts";

const IS_DEAD = "queue_id = :queue_id AND state IN ('failed', 'timeout') AND finished_at IS NOT NULL";

const LIST = `
  SELECT ${JOB_COLUMNS}, finished_at FROM jobs WHERE ${IS_DEAD} ORDER BY finished_at, seq LIMIT :limit`;
const FIND = `SELECT seq, suffix FROM jobs WHERE ${IS_DEAD} AND seq = :seq AND suffix = :suffix`;
const ALL = `SELECT seq, suffix FROM jobs WHERE ${IS_DEAD}`;
const REMOVE = "DELETE FROM jobs WHERE seq = ?";

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
    return rows.map((row) => ({ job: decodeJobForDisplay(row), failure: decodeFailure(row) }));
  }

  async requeue(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    const selection = which === "all"
      ? { states: ["failed", "timeout"] as const }
      : await this.#context.connection.read("read", () => which.filter((id) => this.#find(id) !== undefined));
    return (await requeueJobs(this.#context, selection, signal)).requeued;
  }

  async purge(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    const { connection, queueId, logs } = this.#context;
    const action = "purge dead letters of";
    const removed = await connection.transaction({ action, durable: true, signal }, () => {
      const rows = which === "all"
        ? connection.prepare(ALL).all({ queue_id: queueId })
        : [...new Set(which)].flatMap((id) => this.#find(id) ?? []);
      for (const { seq } of rows) connection.prepare(REMOVE).run(Number(seq));
      return rows.map(({ seq, suffix }) => formatJobId(Number(seq), String(suffix)));
    });
    await logs.remove(removed);
    return removed.length;
  }

  #find(id: JobId): Record<string, SQLOutputValue> | undefined {
    const { connection, queueId } = this.#context;
    const key = parseJobId(id);
    return key && connection.prepare(FIND).get({ queue_id: queueId, ...key });
  }
}

function decodeFailure({ failure, finished_at }: { failure: string | null; finished_at: number }): Failure {
  const unknown = { kind: "failed", message: "the reason was not recorded", at: finished_at } as const;
  if (failure === null) return unknown;
  try {
    return { ...unknown, ...(JSON.parse(failure) as Partial<Failure>) };
  } catch {
    return unknown;
  }
}
