import type { Clock } from "../../core/clock.ts";
import { LeaseLostError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { Job, JsonValue } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease } from "../../core/queue.ts";
import type { Connection } from "./connection.ts";

/** What every settlement must match, so that only the holder of the newest lease changes the job. */
const FENCE = "WHERE seq = :seq AND lease_token = :token";

const RENEW = `UPDATE jobs SET visible_at = :expires_at ${FENCE}`;

const ACK = `
  UPDATE jobs SET state = 'completed', attempts = attempts + 1, result = :result, failure = NULL,
    finished_at = :now, visible_at = NULL, lease_token = NULL ${FENCE}`;

const RETRY = `
  UPDATE jobs SET state = 'pending', attempts = attempts + 1, failure = :failure,
    visible_at = :visible_at, lease_token = NULL ${FENCE}`;

// Without a delay the job takes its old place at the head: it was started once already.
const RELEASE = `
  UPDATE jobs SET state = 'pending', visible_at = coalesce(:visible_at, created_at), lease_token = NULL ${FENCE}`;

const DEAD_LETTER = `
  UPDATE jobs SET state = 'failed', attempts = attempts + 1, failure = :failure,
    finished_at = :now, visible_at = NULL, lease_token = NULL ${FENCE}`;

export interface SqliteLeaseOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly job: Job;
  readonly seq: number;
  readonly token: string;
  readonly expiresAt: number;
}

/** A row of the jobs table that carries our token. */
export class SqliteLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  readonly #options: SqliteLeaseOptions;
  readonly #lost = new AbortController();
  #expiresAt: number;
  #settled = false;

  constructor(options: SqliteLeaseOptions) {
    this.job = options.job;
    this.lost = this.#lost.signal;
    this.#options = options;
    this.#expiresAt = options.expiresAt;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1 });
    // The time is taken when the statement runs, which may be long after the call if the file is busy.
    let expiresAt = 0;
    await this.#update(
      "renew",
      RENEW,
      () => ({ expires_at: expiresAt = this.#options.clock.now() + Math.round(leaseMs) }),
    );
    this.#expiresAt = expiresAt;
  }

  async ack(result?: JsonValue): Promise<void> {
    const text = result === undefined ? null : JSON.stringify(result);
    await this.#settle("complete", ACK, (now) => ({ now, result: text }));
  }

  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    await this.#settle(
      "retry",
      RETRY,
      (now) => ({ failure: JSON.stringify(failure), visible_at: now + Math.round(delayMs) }),
    );
  }

  async release({ delayMs }: { delayMs: number } = { delayMs: 0 }): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    const visibleAt = (now: number) => delayMs > 0 ? now + Math.round(delayMs) : null;
    await this.#settle("release", RELEASE, (now) => ({ visible_at: visibleAt(now) }));
  }

  async deadLetter(failure: Failure): Promise<void> {
    await this.#settle("dead-letter", DEAD_LETTER, (now) => ({ now, failure: JSON.stringify(failure) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#settled || this.lost.aborted) return;
    await this.release().catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  async #settle(
    verb: string,
    sql: string,
    values: (now: number) => Record<string, string | number | null>,
  ): Promise<void> {
    await this.#update(verb, sql, () => values(this.#options.clock.now()));
    this.#settled = true;
  }

  async #update(
    verb: string,
    sql: string,
    values: () => Record<string, string | number | null>,
  ): Promise<void> {
    const { connection, job, seq, token } = this.#options;
    // Losing a renewal or a release to a power cut only repeats what the cut has ended anyway.
    const durable = verb !== "renew" && verb !== "release";
    const { changes } = await connection.write(
      { action: `${verb} job ${job.id} of`, durable },
      () => connection.prepare(sql).run({ seq, token, ...values() }),
    );
    if (changes === 1) return;
    const error = new LeaseLostError(job.id);
    this.#lost.abort(error);
    throw error;
  }
}
