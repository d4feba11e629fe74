import type { Clock } from "../../core/clock.ts";
import type { Job, JobId, NewJob } from "../../core/job.ts";
import { assertSpan, MAX_SPAN_MS } from "../../core/limits.ts";
import type { CallOptions, Capabilities, Counts, Lease, LeaseOptions, Queue } from "../../core/queue.ts";
import type { Claims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import { SqliteDeadLetters } from "./dead_letters.ts";
import { encodeRows, insertRows } from "./insert.ts";
import { decodeJobForDisplay, JOB_COLUMNS, type JobRow } from "./row.ts";

const PEEK = `
  SELECT ${JOB_COLUMNS} FROM jobs
  WHERE queue_id = ? AND visible_at IS NOT NULL AND state = 'pending' ORDER BY visible_at, seq LIMIT ?`;

export const COUNT_WAITING = `
  SELECT state, visible_at > ? AS later, count(*) AS jobs FROM jobs
  WHERE queue_id = ? AND visible_at IS NOT NULL GROUP BY state, later`;

export const COUNT_FINISHED = `
  SELECT state, count(*) AS jobs FROM jobs WHERE queue_id = ? AND finished_at IS NOT NULL GROUP BY state`;

const PURGE = "DELETE FROM jobs WHERE queue_id = ? AND visible_at IS NOT NULL AND state = 'pending'";

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
  sharedOutages: true,
};

export interface SqliteQueueOptions {
  readonly connection: Connection;
  readonly queueId: number;
  readonly clock: Clock;
  readonly name: string;
}

/** One queue of an SQLite file. */
export class SqliteQueue implements Queue {
  readonly name: string;
  readonly capabilities = SQLITE_CAPABILITIES;
  readonly deadLetters: SqliteDeadLetters;
  #claims: Promise<Claims> | undefined;
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
    if (jobs.length === 0) return [];
    const rows = encodeRows(jobs, this.capabilities.maxPayloadBytes);
    return await this.#connection.transaction(
      { action: "push to", durable: true, signal },
      () => insertRows(this.#connection, rows, { queueId: this.#queueId, now: this.#clock.now() }),
    );
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    assertSpan("a lease", options.leaseMs, { min: 1 });
    return await (await this.#openClaims()).lease(options);
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

  /** What only a worker needs is loaded for a worker only. */
  #openClaims(): Promise<Claims> {
    return this.#claims ??= import("./claims.ts").then(({ Claims }) =>
      new Claims(this.#connection, { queueId: this.#queueId, clock: this.#clock })
    );
  }
}
