import type { Clock } from "../../core/clock.ts";
import { errorMessage, LeaseLostError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { Job } from "../../core/job.ts";
import { type Lease, type LeaseOptions, MAX_LOST_LEASES, poisonFailure } from "../../core/queue.ts";
import { randomId } from "../../core/random_id.ts";
import { ChangeWatch } from "./change_watch.ts";
import type { Connection } from "./connection.ts";
import { SqliteLease } from "./lease.ts";
import { decodeJob, decodeJobForDisplay, JOB_COLUMNS, type JobRow } from "./row.ts";

/**
 * Takes the job that has been claimable for longest. The inner SELECT is a search of the covering index
 * `jobs_claimable` that stops at its first row, in index order, so there is nothing to sort; the update then
 * goes to that row by its number:
 *
 *     SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)
 *     SCALAR SUBQUERY: SEARCH jobs USING COVERING INDEX jobs_claimable (queue_id=? AND visible_at<?)
 *
 * Finished jobs are not in that index, and rows beyond the first are not read: the cost does not depend on how
 * many jobs there are. Only leases that ended a moment ago are stepped over, and only in the seconds after
 * somebody held the file's lock for long (see `takeoverBefore`).
 */
export const CLAIM = `
  UPDATE jobs SET
    lost_leases = lost_leases + (state = 'running'),
    state = 'running', lease_token = :token, visible_at = :expires_at, started_at = :now, worker_id = :worker_id
  WHERE seq = (
    SELECT seq FROM jobs
    WHERE queue_id = :queue_id AND visible_at <= :now AND (state = 'pending' OR visible_at <= :takeover_before)
    ORDER BY visible_at, seq LIMIT 1
  )
  RETURNING ${JOB_COLUMNS}`;

/** When the next job can be claimed: one look at the first entry of the index. */
export const NEXT_VISIBLE =
  "SELECT min(visible_at) AS at FROM jobs WHERE queue_id = ? AND visible_at IS NOT NULL";

/** A claim that found nothing although a job seemed due is not repeated at once, in ms. */
const MIN_WAIT_MS = 20;

/** Takes jobs of one queue out of the table. */
export class Claims {
  readonly #connection: Connection;
  readonly #queueId: number;
  readonly #clock: Clock;

  constructor(connection: Connection, { queueId, clock }: { queueId: number; clock: Clock }) {
    this.#connection = connection;
    this.#queueId = queueId;
    this.#clock = clock;
  }

  /** As `Queue.lease`. */
  async lease({ leaseMs, waitMs, workerId, signal }: LeaseOptions): Promise<Lease | undefined> {
    const deadline = this.#clock.now() + waitMs;
    let watch: ChangeWatch | undefined;
    try {
      while (!signal?.aborted) {
        const lease = await this.#next({ leaseMs, workerId, signal });
        if (lease || this.#clock.now() >= deadline) return lease;
        if (watch === undefined) {
          watch = new ChangeWatch(`${this.#connection.path}-wal`, { clock: this.#clock });
          continue;
        }
        await watch.next(await this.#untilNext(deadline), signal);
      }
      return undefined;
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined;
      throw error;
    } finally {
      watch?.[Symbol.dispose]();
    }
  }

  /** How long to wait for the next job that is known of, in ms. */
  async #untilNext(deadline: number): Promise<number> {
    const next = await this.#nextVisibleAt();
    const now = this.#clock.now();
    return Math.max(
      Math.min(deadline, next ?? Infinity) - now,
      next !== undefined && next <= now ? MIN_WAIT_MS : 0,
    );
  }

  async #nextVisibleAt(signal?: AbortSignal): Promise<number | undefined> {
    const row = await this.#connection.read(
      "read",
      () => this.#connection.prepare(NEXT_VISIBLE).get(this.#queueId),
      signal,
    );
    return typeof row?.at === "number" ? row.at : undefined;
  }

  /** The next job that is due; undefined when there is none. */
  async #next({ leaseMs, workerId, signal }: Omit<LeaseOptions, "waitMs">): Promise<Lease | undefined> {
    for (;;) {
      // A look costs no lock; without it every idle worker would compete with the busy ones.
      const next = await this.#nextVisibleAt(signal);
      if (next === undefined || next > this.#clock.now()) {
        this.#connection.assertInPlace();
        return undefined;
      }
      const token = randomId(24);
      let expiresAt = 0;
      const row = await this.#connection.write({ action: "lease a job of", durable: false, signal }, () => {
        const now = this.#clock.now();
        expiresAt = now + Math.round(leaseMs);
        // all() runs the statement to its end, and with it the commit; get() would leave that to a reset whose errors are lost.
        return this.#connection.prepare(CLAIM).all({
          queue_id: this.#queueId,
          now,
          takeover_before: this.#connection.takeoverBefore(now),
          token,
          expires_at: expiresAt,
          worker_id: workerId ?? null,
        })[0] as unknown as JobRow | undefined;
      });
      if (row === undefined) return undefined;
      const lease = await this.#leaseOf(row, token, expiresAt);
      if (lease) return lease;
    }
  }

  /** The lease of a claimed row; undefined when the job is poison, which is then dead-lettered. */
  async #leaseOf(row: JobRow, token: string, expiresAt: number): Promise<Lease | undefined> {
    const common = { connection: this.#connection, clock: this.#clock, seq: row.seq, token, expiresAt };
    const content = readJob(row, this.#clock.now());
    if ("job" in content) return new SqliteLease({ ...common, job: content.job });
    const lease = new SqliteLease({ ...common, job: decodeJobForDisplay(row) });
    await lease.deadLetter(content.poison).catch((error) => {
      // Then another worker has it, and puts it aside.
      if (!(error instanceof LeaseLostError)) throw error;
    });
    return undefined;
  }
}

/** The job of a claimed row, or why nobody should run it. */
function readJob(row: JobRow, at: number): { job: Job } | { poison: Failure } {
  if (row.lost_leases >= MAX_LOST_LEASES) return { poison: poisonFailure(row.lost_leases, at) };
  try {
    return { job: decodeJob(row) };
  } catch (error) {
    return { poison: { kind: "poison", message: `it cannot be decoded: ${errorMessage(error)}`, at } };
  }
}
