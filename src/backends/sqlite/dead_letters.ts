import type { Clock } from "../../core/clock.ts";
import type { Failure } from "../../core/failure.ts";
import type { DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import type { Connection } from "./connection.ts";
import { decodeJobForDisplay, JOB_COLUMNS, type JobRow, parseJobId } from "./row.ts";

const LIST = `
  SELECT ${JOB_COLUMNS}, finished_at FROM jobs
  WHERE queue_id = ? AND state = 'failed' AND finished_at IS NOT NULL ORDER BY finished_at, seq LIMIT ?`;

const IS_DEAD = "queue_id = :queue_id AND state = 'failed' AND finished_at IS NOT NULL";
const REQUEUE = `
  UPDATE jobs SET state = 'pending', attempts = 0, lost_leases = 0, failure = NULL, started_at = NULL,
    finished_at = NULL, visible_at = :now WHERE ${IS_DEAD}`;
const PURGE = `DELETE FROM jobs WHERE ${IS_DEAD}`;
const THIS_ONE = "AND seq = :seq AND suffix = :suffix";

/** The jobs in state `failed`. */
export class SqliteDeadLetters implements DeadLetters {
  readonly #connection: Connection;
  readonly #queueId: number;
  readonly #clock: Clock;

  constructor(connection: Connection, { queueId, clock }: { queueId: number; clock: Clock }) {
    this.#connection = connection;
    this.#queueId = queueId;
    this.#clock = clock;
  }

  async list(
    { limit = Infinity, signal }: { limit?: number; signal?: AbortSignal } = {},
  ): Promise<readonly DeadLetter[]> {
    const rows = await this.#connection.read(
      "read the dead letters of",
      () =>
        this.#connection.prepare(LIST).all(
          this.#queueId,
          Number.isFinite(limit) ? limit : -1,
        ) as unknown as (JobRow & { finished_at: number })[],
      signal,
    );
    return rows.map((row) => ({ job: decodeJobForDisplay(row), failure: decodeFailure(row) }));
  }

  requeue(which: DeadLetterSelection, { signal }: { signal?: AbortSignal } = {}): Promise<number> {
    return this.#change("requeue dead letters of", REQUEUE, which, { now: this.#clock.now() }, signal);
  }

  purge(which: DeadLetterSelection, { signal }: { signal?: AbortSignal } = {}): Promise<number> {
    return this.#change("purge dead letters of", PURGE, which, {}, signal);
  }

  #change(
    action: string,
    sql: string,
    which: DeadLetterSelection,
    values: Record<string, number>,
    signal?: AbortSignal,
  ): Promise<number> {
    const common = { queue_id: this.#queueId, ...values };
    return this.#connection.transaction({ action, durable: true, signal }, () => {
      if (which === "all") return Number(this.#connection.prepare(sql).run(common).changes);
      let changed = 0;
      for (const id of which) {
        const key = parseJobId(id);
        if (key) {
          changed += Number(
            this.#connection.prepare(`${sql} ${THIS_ONE}`).run({ ...common, ...key }).changes,
          );
        }
      }
      return changed;
    });
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
