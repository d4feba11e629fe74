import { type Clock, systemClock } from "../../core/clock.ts";
import { AccessDeniedError, errorMessage, LeaseLostError, QueueNotFoundError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import { assertSpan, MAX_SPAN_MS } from "../../core/limits.ts";
import { assertRunnable, type Job, type JobId, type NewJob } from "../../core/job.ts";
import {
  type CallOptions,
  type Capabilities,
  type Counts,
  type Lease,
  type LeaseOptions,
  MAX_LOST_LEASES,
  poisonFailure,
  type Queue,
} from "../../core/queue.ts";
import { randomId } from "../../core/random_id.ts";
import { silentLogger } from "../../log/logger.ts";
import { type Address, formatAddress } from "../address.ts";
import type { OpenQueueOptions } from "../registry.ts";
import { ChangeWatch } from "./change_watch.ts";
import { Connection } from "./connection.ts";
import { SqliteDeadLetters } from "./dead_letters.ts";
import { checkFile, directoryOf } from "./file_check.ts";
import { insertJobs } from "./insert.ts";
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

const PEEK = `
  SELECT ${JOB_COLUMNS} FROM jobs
  WHERE queue_id = ? AND visible_at IS NOT NULL AND state = 'pending' ORDER BY visible_at, seq LIMIT ?`;

export const COUNT_WAITING = `
  SELECT state, visible_at > ? AS later, count(*) AS jobs FROM jobs
  WHERE queue_id = ? AND visible_at IS NOT NULL GROUP BY state, later`;

export const COUNT_FINISHED = `
  SELECT state, count(*) AS jobs FROM jobs WHERE queue_id = ? AND finished_at IS NOT NULL GROUP BY state`;

const PURGE = "DELETE FROM jobs WHERE queue_id = ? AND visible_at IS NOT NULL AND state = 'pending'";

/** A claim that found nothing although a job seemed due is not repeated at once, in ms. */
const MIN_WAIT_MS = 20;

/** What SQLite files can do. */
export const SQLITE_CAPABILITIES: Capabilities = {
  maxLeaseMs: MAX_SPAN_MS,
  maxDelayMs: MAX_SPAN_MS,
  maxPayloadBytes: 1024 * 1024,
  exactCounts: true,
  deduplicates: false,
  priorities: false,
  dependencies: false,
  countsReleases: false,
  keepsRecords: true,
};

type SqliteAddress = Extract<Address, { kind: "sqlite" }>;

export interface OpenSqliteQueueOptions extends OpenQueueOptions {
  readonly clock?: Clock;
}

/** Opens one queue of an SQLite file. */
export async function openSqliteQueue(
  address: SqliteAddress,
  options: OpenSqliteQueueOptions = {},
): Promise<Queue> {
  const { durability = "full", create = true, log = silentLogger, clock = systemClock, signal } = options;
  const { path } = address;
  if (address.isDefault && create) await makeDirectory(directoryOf(path));
  checkFile(path, { create });
  const connection = await Connection.open({ path, durability, clock, log }, signal);
  try {
    const queueId = await findQueue(connection, address, { create, signal });
    return new SqliteQueue({ connection, queueId, clock, name: formatAddress(address) });
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AccessDeniedError(
      `Cannot make the directory "${directory}" for the default queue: ${errorMessage(error)}`,
      {
        hint: "name a queue elsewhere with -q, or set XDG_STATE_HOME",
        cause: error,
      },
    );
  }
}

async function findQueue(
  connection: Connection,
  address: SqliteAddress,
  { create, signal }: { create: boolean; signal?: AbortSignal },
): Promise<number> {
  const find = () => connection.prepare("SELECT id FROM queues WHERE name = ?").get(address.queue)?.id;
  const found = await connection.read("open", find, signal);
  if (found !== undefined) return Number(found);
  if (!create) {
    throw new QueueNotFoundError(
      `Cannot open "${formatAddress(address)}": the file has no queue "${address.queue}"`,
      {
        hint: "check the name; `jobq push` makes a queue that does not exist",
      },
    );
  }
  return await connection.transaction({ action: "open", durable: false, signal }, () => {
    connection.prepare("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING").run(address.queue);
    return Number(find());
  });
}

interface SqliteQueueOptions {
  readonly connection: Connection;
  readonly queueId: number;
  readonly clock: Clock;
  readonly name: string;
}

class SqliteQueue implements Queue {
  readonly name: string;
  readonly capabilities = SQLITE_CAPABILITIES;
  readonly deadLetters: SqliteDeadLetters;
  readonly #connection: Connection;
  readonly #queueId: number;
  readonly #clock: Clock;

  constructor({ connection, queueId, clock, name }: SqliteQueueOptions) {
    this.name = name;
    this.#connection = connection;
    this.#queueId = queueId;
    this.#clock = clock;
    this.deadLetters = new SqliteDeadLetters(connection, { queueId, clock });
  }

  async enqueue(jobs: readonly NewJob[], { signal }: CallOptions = {}): Promise<readonly JobId[]> {
    for (const job of jobs) assertRunnable(job);
    if (jobs.length === 0) return [];
    const limit = this.capabilities.maxPayloadBytes;
    return await this.#connection.transaction(
      { action: "push to", durable: true, signal },
      () => insertJobs(this.#connection, jobs, { queueId: this.#queueId, now: this.#clock.now(), limit }),
    );
  }

  async lease({ leaseMs, waitMs, workerId, signal }: LeaseOptions): Promise<Lease | undefined> {
    assertSpan("a lease", leaseMs, { min: 1 });
    const deadline = this.#clock.now() + waitMs;
    let watch: ChangeWatch | undefined;
    try {
      while (!signal?.aborted) {
        const lease = await this.#claim({ leaseMs, workerId, signal });
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

  async peek(limit: number, { signal }: CallOptions = {}): Promise<readonly Job[]> {
    const rows = await this.#connection.read(
      "read",
      () =>
        this.#connection.prepare(PEEK).all(
          this.#queueId,
          Number.isFinite(limit) ? limit : -1,
        ) as unknown as JobRow[],
      signal,
    );
    return rows.map(decodeJobForDisplay);
  }

  async counts({ signal }: CallOptions = {}): Promise<Counts> {
    const counts = { ready: 0, delayed: 0, running: 0, failed: 0, completed: 0 };
    await this.#connection.read("read", () => {
      for (
        const { state, later, jobs } of this.#connection.prepare(COUNT_WAITING).all(
          this.#clock.now(),
          this.#queueId,
        )
      ) {
        counts[state === "running" ? "running" : later ? "delayed" : "ready"] += Number(jobs);
      }
      for (const { state, jobs } of this.#connection.prepare(COUNT_FINISHED).all(this.#queueId)) {
        counts[state === "failed" ? "failed" : "completed"] += Number(jobs);
      }
    }, signal);
    return counts;
  }

  purge({ signal }: CallOptions = {}): Promise<number> {
    return this.#connection.write(
      { action: "clear", durable: true, signal },
      () => Number(this.#connection.prepare(PURGE).run(this.#queueId).changes),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#connection[Symbol.dispose]();
    return Promise.resolve();
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

  async #claim({ leaseMs, workerId, signal }: Omit<LeaseOptions, "waitMs">): Promise<Lease | undefined> {
    for (;;) {
      // A look costs no lock; without it every idle worker would compete with the busy ones.
      const next = await this.#nextVisibleAt(signal);
      if (next === undefined || next > this.#clock.now()) return undefined;
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
