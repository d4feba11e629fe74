import type { Clock } from "../../core/clock.ts";
import { errorMessage, LeaseLostError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { Job, JobId } from "../../core/job.ts";
import { type Lease, type LeaseOptions, MAX_LOST_LEASES, poisonFailure } from "../../core/queue.ts";
import { randomId } from "../../core/random_id.ts";
import { parseJobId } from "../numbered_id.ts";
import { ChangeWatch } from "./change_watch.ts";
import { type CancelWatch, cancelWatch } from "./cancel_watch.ts";
import { settleChildren } from "./children.ts";
import type { Connection } from "./connection.ts";
import type { QueueContext } from "./context.ts";
import { archiveExecution } from "./history.ts";
import { SqliteLease } from "./lease.ts";
import { findTicket, parseTicket } from "./ticket.ts";
import { endWaits, shortenWaits } from "./timed.ts";
import { decodeJob, decodeJobForDisplay, JOB_COLUMNS, type JobRow, READY } from "./row.ts";

/** What the queue has to offer: when the next wait for a time ends, and the first job that is ready. */
export const LOOK = `
  SELECT
    (SELECT min(visible_at) FROM jobs WHERE queue_id = :queue_id AND visible_at IS NOT NULL) AS due_at,
    (SELECT seq FROM jobs WHERE ${READY} ORDER BY priority DESC, seq LIMIT 1) AS ready`;

const TAKE = `
  UPDATE jobs SET
    state = 'running', lease_token = :token, visible_at = :expires_at, wait_ms = :lease_ms, started_at = :now,
    worker_id = :worker_id, executions = executions + (outcome IS NOT 'gated')`;

/**
 * Takes the first job that is ready, if it was never started before. The inner SELECT is the first entry of the index
 * `jobs_ready`, so there is nothing to sort and nothing to step over; the update then goes to that row by its number:
 *
 *     SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)
 *     SCALAR SUBQUERY: SEARCH jobs USING COVERING INDEX jobs_ready (queue_id=?)
 *
 * The cost does not depend on how many jobs there are, in whatever state and of whatever priority.
 */
export const CLAIM = `
  ${TAKE}
  WHERE started_at IS NULL AND seq = (SELECT seq FROM jobs WHERE ${READY} ORDER BY priority DESC, seq LIMIT 1)
  RETURNING ${JOB_COLUMNS}`;

/** The job to take when `CLAIM` took none: the first, which was started before, or the one that is asked for. */
const CANDIDATE = `
  SELECT seq, suffix, lost_leases + (lease_token IS NOT NULL) AS lost, outcome IS 'gated' AS refused FROM jobs`;
const FIRST = `${CANDIDATE} WHERE ${READY} ORDER BY priority DESC, seq LIMIT 1`;
const THIS_ONE = `${CANDIDATE} WHERE ${READY} AND seq = :seq AND suffix = :suffix`;

/** Takes a job that was started before, whose last execution was kept; a token that is left is that of a lost lease. */
const CLAIM_AGAIN = `
  ${TAKE}, lost_leases = lost_leases + (lease_token IS NOT NULL),
    failure = NULL, outcome = NULL, ended_at = NULL, output = NULL, warning = NULL
  WHERE seq = :seq
  RETURNING ${JOB_COLUMNS}`;

const PUT_ASIDE = `
  UPDATE jobs SET state = 'failed', attempts = attempts + 1, lost_leases = :lost, failure = :failure,
    finished_at = max(:now, started_at), lease_token = NULL
  WHERE seq = :seq`;

/** A claim that found nothing although a job seemed due is not repeated at once, in ms. */
const MIN_WAIT_MS = 20;

/** A clock that went back by less than this was only set right, in ms. */
const STEP_MS = 1_000;

/** Takes jobs of one queue out of the table. */
export class Claims implements Disposable {
  readonly #connection: Connection;
  readonly #queueId: number;
  readonly #clock: Clock;
  readonly #cancels: CancelWatch;
  #latest = Infinity;

  constructor({ connection, queueId, clock }: Omit<QueueContext, "logs">) {
    this.#connection = connection;
    this.#queueId = queueId;
    this.#clock = clock;
    this.#cancels = cancelWatch(connection, clock);
  }

  /** As `Queue.lease`. */
  async lease({ waitMs, ...options }: LeaseOptions): Promise<Lease | undefined> {
    const { signal } = options;
    const deadline = this.#clock.now() + waitMs;
    let watch: ChangeWatch | undefined;
    try {
      while (!signal?.aborted) {
        const lease = await this.#next(options);
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

  /** As `Queue.resume`. @throws {UsageError} for what is no ticket at all */
  async resume(text: string, signal?: AbortSignal): Promise<Lease> {
    const ticket = parseTicket(text);
    const { job, token } = ticket;
    const connection = this.#connection;
    const found = await connection.read(
      "read",
      () => findTicket(connection, this.#queueId, ticket),
      signal,
    );
    if (found === undefined) throw new LeaseLostError(job);
    return new SqliteLease({ ...found, connection, clock: this.#clock, cancels: this.#cancels, token });
  }

  [Symbol.dispose](): void {
    this.#cancels[Symbol.dispose]();
  }

  /** How long to wait for the next job that is known of, in ms. */
  async #untilNext(deadline: number): Promise<number> {
    const { dueAt } = await this.#look();
    const now = this.#clock.now();
    const waitMs = Math.min(deadline, dueAt ?? Infinity) - now;
    return dueAt !== undefined && dueAt <= now ? Math.max(waitMs, MIN_WAIT_MS) : Math.max(waitMs, 0);
  }

  async #look(signal?: AbortSignal): Promise<{ dueAt: number | undefined; isReady: boolean }> {
    const row = await this.#connection.read(
      "read",
      () => this.#connection.prepare(LOOK).get({ queue_id: this.#queueId }),
      signal,
    );
    return { dueAt: typeof row?.due_at === "number" ? row.due_at : undefined, isReady: row?.ready !== null };
  }

  /** The next job that is due; undefined when there is none. */
  async #next(options: Omit<LeaseOptions, "waitMs">): Promise<Lease | undefined> {
    const { signal } = options;
    for (;;) {
      await this.#mindClock(signal);
      // A look costs no lock; without it every idle worker would compete with the busy ones.
      const { dueAt, isReady } = await this.#look(signal);
      const ended = dueAt !== undefined && dueAt <= this.#clock.now()
        ? await endWaits(this.#connection, { queueId: this.#queueId, clock: this.#clock, signal })
        : 0;
      if (!isReady && ended === 0) {
        this.#connection.assertInPlace();
        return undefined;
      }
      const claim = await this.#claim(options);
      if (claim === undefined) return undefined;
      const lease = claim === "poison" ? undefined : await this.#leaseOf(claim, options.leaseMs);
      if (lease) return lease;
    }
  }

  /** Shortens the waits that a clock which stepped back has made longer; it may have done so before this process began. */
  async #mindClock(signal: AbortSignal | undefined): Promise<void> {
    const now = this.#clock.now();
    if (now < this.#latest - STEP_MS) {
      await shortenWaits(this.#connection, { queueId: this.#queueId, clock: this.#clock, signal });
    }
    this.#latest = now;
  }

  async #claim(options: Omit<LeaseOptions, "waitMs">): Promise<Claim | "poison" | undefined> {
    const { leaseMs, workerId, job, signal } = options;
    const token = randomId(24);
    const write = { action: "lease a job of", durable: false, signal };
    const take = (sql: string, now: number, which: Record<string, number>): Claim | undefined => {
      const lease_ms = Math.round(leaseMs);
      const expiresAt = now + lease_ms;
      const values = { now, token, expires_at: expiresAt, lease_ms, worker_id: workerId ?? null, ...which };
      // all() runs the statement to its end, and with it the commit; get() would leave that to a reset whose errors are lost.
      const [row] = this.#connection.prepare(sql).all(values);
      return row && { row: row as unknown as JobRow, token, expiresAt };
    };
    const fresh = job === undefined &&
      await this.#connection.write(
        write,
        () => take(CLAIM, this.#clock.now(), { queue_id: this.#queueId }),
      );
    return fresh || await this.#connection.transaction(write, () => {
      const found = this.#find(job);
      if (found === undefined) return undefined;
      const now = this.#clock.now();
      if (found.refused === 0) archiveExecution(this.#connection, found.seq, now);
      if (found.lost >= MAX_LOST_LEASES) {
        putAside(this.#connection, found, now);
        return "poison";
      }
      return take(CLAIM_AGAIN, now, { seq: found.seq });
    });
  }

  /** The first job that is ready, or the one that is asked for if it is. */
  #find(job: JobId | undefined): Candidate | undefined {
    const queue = { queue_id: this.#queueId };
    if (job === undefined) return this.#connection.prepare(FIRST).get(queue) as Candidate | undefined;
    const key = parseJobId(job);
    return key && this.#connection.prepare(THIS_ONE).get({ ...queue, ...key }) as Candidate | undefined;
  }

  /** The lease of a claimed row; undefined when the job is poison, which is then dead-lettered. */
  async #leaseOf({ row, token, expiresAt }: Claim, leaseMs: number): Promise<Lease | undefined> {
    const common = {
      connection: this.#connection,
      clock: this.#clock,
      cancels: this.#cancels,
      row,
      token,
      expiresAt,
      leaseMs,
    };
    const content = readJob(row, this.#clock.now());
    if ("job" in content) return new SqliteLease({ ...common, job: content.job });
    await using lease = new SqliteLease({ ...common, job: decodeJobForDisplay(row) });
    await lease.deadLetter(content.poison).catch((error) => {
      // Then another worker has it, and puts it aside.
      if (!(error instanceof LeaseLostError)) throw error;
    });
    return undefined;
  }
}

/** A row that now carries our token. */
interface Claim {
  readonly row: JobRow;
  readonly token: string;
  readonly expiresAt: number;
}

/** A row that is ready. */
interface Candidate {
  readonly seq: number;
  readonly suffix: string;
  /** How many leases of it were lost. */
  readonly lost: number;
  /** 1 when its gate refused it the last time: that is no execution to be kept. */
  readonly refused: number;
}

/** The job of a claimed row, or why nobody should run it. */
function readJob(row: JobRow, at: number): { job: Job } | { poison: Failure } {
  try {
    const job = decodeJob(row);
    // The places of its files are made of it.
    if (parseJobId(job.id) === undefined) throw new TypeError("its id is not one");
    return { job };
  } catch (error) {
    return { poison: { kind: "poison", message: `it cannot be decoded: ${errorMessage(error)}`, at } };
  }
}

/** Dead-letters a job that is taken for the killer of its workers, inside the caller's transaction. */
function putAside(connection: Connection, { seq, suffix, lost }: Candidate, now: number): void {
  connection.prepare(PUT_ASIDE).run({ seq, lost, now, failure: JSON.stringify(poisonFailure(lost, now)) });
  settleChildren(connection, { seq, suffix, state: "failed" }, now);
}
