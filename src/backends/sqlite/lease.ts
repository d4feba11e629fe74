import { DONE } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { LeaseLostError, UsageError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import { addRefusal, type NewRefusal } from "../../core/gate.ts";
import type { FinishedState, Job, JsonValue } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import type { Lease, ParentResults } from "../../core/queue.ts";
import { resultProblem } from "../../core/result.ts";
import { formatJobId } from "../numbered_id.ts";
import type { CancelWatch } from "./cancel_watch.ts";
import { settleChildren } from "./children.ts";
import type { Connection, WriteOptions } from "./connection.ts";
import { decodeRefusals } from "./refusals.ts";
import { formatTicket } from "./ticket.ts";

/** What every settlement must match, so that only the holder of the newest lease changes the job. */
const FENCE = "seq = :seq AND lease_token = :token";

/** What most jobs meet, whose settlement is then one statement: nobody waits for them. */
const CHILDLESS = "AND has_children = 0";
/** The same of jobs that go back: nobody has asked them to stop. */
const WANTED = "AND cancel_reason IS NULL";

// A lease that ended, but that nobody has taken since, runs again.
const RENEW = `
  UPDATE jobs SET state = 'running', visible_at = :expires_at, wait_ms = :lease_ms WHERE ${FENCE}`;

// Never before its start, should the clock have stepped back.
const ENDED_AT = "max(:now, started_at)";

const END = `finished_at = ${ENDED_AT}, ended_at = ${ENDED_AT}, output = :output,
  visible_at = NULL, lease_token = NULL, cancel_reason = NULL`;

const ACK = `
  UPDATE jobs SET state = 'completed', outcome = 'completed', attempts = attempts + 1, result = :result,
    warning = :warning, ${END} WHERE ${FENCE}`;

const DEAD_LETTER = `
  UPDATE jobs SET state = :state, outcome = :state, attempts = attempts + 1, failure = :failure, ${END} WHERE ${FENCE}`;

const CANCEL = `
  UPDATE jobs SET state = 'cancelled', outcome = 'cancelled', failure = :failure, ${END} WHERE ${FENCE}`;

const GO_BACK = `
  state = 'pending', updated_at = :now, ended_at = ${ENDED_AT}, output = :output, lease_token = NULL,
  visible_at = CASE WHEN :delay_ms > 0 THEN :now + :delay_ms END, wait_ms = :delay_ms`;

const RETRY = `
  UPDATE jobs SET outcome = :outcome, attempts = attempts + 1, failure = :failure, ${GO_BACK} WHERE ${FENCE}`;

const RELEASE = `UPDATE jobs SET outcome = 'interrupted', ${GO_BACK} WHERE ${FENCE}`;

const REFUSALS = `SELECT refusals FROM jobs WHERE ${FENCE}`;
const REFUSE = `
  UPDATE jobs SET outcome = 'gated', refusals = :refusals, ${GO_BACK} WHERE ${FENCE}`;

const CANCEL_REASON = `SELECT cancel_reason FROM jobs WHERE ${FENCE}`;

const PARENT_RESULTS = `
  SELECT parent, parent_suffix, result FROM dependencies LEFT JOIN jobs ON jobs.seq = parent
  WHERE child = ? ORDER BY position`;

export interface SqliteLeaseOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly cancels: CancelWatch;
  readonly job: Job;
  readonly row: { readonly seq: number; readonly suffix: string };
  readonly token: string;
  readonly expiresAt: number;
  readonly leaseMs: number;
}

type Values = Record<string, string | number | null>;

/** A row of the jobs table that carries our token. */
export class SqliteLease implements Lease {
  readonly job: Job;
  readonly lost: AbortSignal;
  readonly cancelled: AbortSignal;
  readonly #options: SqliteLeaseOptions;
  readonly #lost = new AbortController();
  readonly #cancelled = new AbortController();
  #expiresAt: number;
  #settled = false;

  constructor(options: SqliteLeaseOptions) {
    const { job, row, token, leaseMs, cancels, expiresAt } = options;
    this.job = job;
    this.lost = this.#lost.signal;
    this.cancelled = this.#cancelled.signal;
    this.#options = options;
    this.#expiresAt = expiresAt;
    cancels.add({ seq: row.seq, token, leaseMs, onCancel: () => this.#cancelled.abort(DONE) });
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  get ticket(): string {
    return formatTicket({ job: this.job.id, token: this.#options.token });
  }

  async parentResults(): Promise<ParentResults> {
    const { connection, row } = this.#options;
    const rows = await connection.read("read", () => connection.prepare(PARENT_RESULTS).all(row.seq));
    return Object.fromEntries(rows.map(({ parent, parent_suffix, result }) => [
      formatJobId(Number(parent), String(parent_suffix)),
      decodeResult(result),
    ]));
  }

  async renew(leaseMs: number): Promise<void> {
    assertSpan("a lease", leaseMs, { min: 1 });
    const lease_ms = Math.round(leaseMs);
    // The time is taken when the statement runs, which may be long after the call if the file is busy.
    let expiresAt = 0;
    const changed = await this.#write("renew", (now) => {
      expiresAt = now + lease_ms;
      return this.#run(RENEW, { expires_at: expiresAt, lease_ms });
    });
    if (!changed) throw this.#lose();
    this.#expiresAt = expiresAt;
  }

  async ack(
    result?: JsonValue,
    { output, warning }: { output?: string; warning?: string } = {},
  ): Promise<void> {
    const values = { result: encodeResult(result), output: output ?? null, warning: warning ?? null };
    await this.#finish("complete", ACK, { state: "completed", values: () => values });
  }

  async deadLetter(failure: Failure): Promise<void> {
    const state = failure.kind === "timed-out" ? "timeout" : "failed";
    const values = { state, failure: JSON.stringify(failure), output: failure.output ?? null };
    await this.#finish("dead-letter", DEAD_LETTER, { state, values: () => values });
  }

  async cancel({ output }: { output?: string } = {}): Promise<void> {
    await this.#finish("cancel", CANCEL, {
      state: "cancelled",
      values: (now) => this.#cancellation(now, output),
    });
  }

  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    const outcome = failure.kind === "timed-out" ? "timeout" : "failed";
    const values = { outcome, failure: JSON.stringify(failure), output: failure.output ?? null };
    await this.#goBack("retry", RETRY, { delayMs, values });
  }

  async refuse({ delayMs, refusal }: { delayMs: number; refusal: NewRefusal }): Promise<void> {
    // Only who has the job adds to them.
    const { connection, row, token } = this.#options;
    const before = await connection.read(
      "read",
      () => connection.prepare(REFUSALS).get({ seq: row.seq, token }),
    );
    const refusals = JSON.stringify(addRefusal(decodeRefusals(before?.refusals), refusal));
    await this.#goBack("refuse", REFUSE, { delayMs, values: { output: null, refusals } });
  }

  async release({ delayMs, output }: { delayMs: number; output?: string } = { delayMs: 0 }): Promise<void> {
    await this.#goBack("release", RELEASE, { delayMs, values: { output: output ?? null } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#settled || this.lost.aborted) return;
    await this.release().catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  /** Ends the job, and tells those that wait for it. */
  async #finish(
    verb: Verb,
    sql: string,
    { state, values }: { state: FinishedState; values: (now: number) => Values },
  ): Promise<void> {
    const { connection, row } = this.#options;
    const done =
      await this.#write(verb, (now) => this.#run(`${sql} ${CHILDLESS}`, { now, ...values(now) })) ||
      await this.#transaction(verb, (now) => {
        if (!this.#run(sql, { now, ...values(now) })) return false;
        settleChildren(connection, { ...row, state }, now);
        return true;
      });
    this.#settle(done);
  }

  /** Puts the job back, unless somebody asked it to stop: then that is its end. */
  async #goBack(
    verb: Verb,
    sql: string,
    { delayMs, values }: { delayMs: number; values: Values & { output: string | null } },
  ): Promise<void> {
    assertSpan("a delay", delayMs, { min: 0 });
    const delay_ms = Math.round(delayMs);
    const { connection, row } = this.#options;
    const done =
      await this.#write(verb, (now) => this.#run(`${sql} ${WANTED}`, { now, delay_ms, ...values })) ||
      await this.#transaction(verb, (now) => {
        if (!this.#run(CANCEL, { now, ...this.#cancellation(now, values.output ?? undefined) })) return false;
        settleChildren(connection, { ...row, state: "cancelled" }, now);
        return true;
      });
    this.#settle(done);
  }

  #cancellation(now: number, output: string | undefined): Values {
    const { connection, row, token } = this.#options;
    const asked = connection.prepare(CANCEL_REASON).get({ seq: row.seq, token })?.cancel_reason;
    const message = typeof asked === "string" ? asked : "it was cancelled";
    const failure: Failure = { kind: "cancelled", message, at: now };
    return { failure: JSON.stringify(failure), output: output ?? null };
  }

  /** Whether the statement met a row that carries our token, and its further conditions. */
  #run(sql: string, values: Values): boolean {
    const { connection, row, token } = this.#options;
    return connection.prepare(sql).run({ seq: row.seq, token, ...values }).changes === 1;
  }

  #write(verb: Verb, work: (now: number) => boolean): Promise<boolean> {
    const { connection, clock } = this.#options;
    return connection.write(this.#writeOptions(verb), () => work(clock.now()));
  }

  #transaction(verb: Verb, work: (now: number) => boolean): Promise<boolean> {
    const { connection, clock } = this.#options;
    return connection.transaction(this.#writeOptions(verb), () => work(clock.now()));
  }

  #writeOptions(verb: Verb): WriteOptions {
    return { action: `${verb} job ${this.job.id} of`, durable: !REPEATABLE.has(verb) };
  }

  #settle(done: boolean): void {
    if (!done) throw this.#lose();
    this.#settled = true;
    this.#options.cancels.remove(this.#options.token);
  }

  #lose(): LeaseLostError {
    const error = new LeaseLostError(this.job.id);
    this.#options.cancels.remove(this.#options.token);
    this.#lost.abort(error);
    return error;
  }
}

type Verb = "renew" | "complete" | "dead-letter" | "cancel" | "retry" | "release" | "refuse";

/** Losing one of these to a power cut only repeats what the cut has ended anyway. */
const REPEATABLE: ReadonlySet<Verb> = new Set<Verb>(["renew", "release", "refuse"]);

/** @throws {UsageError} for what JSON cannot hold, or over the limit */
function encodeResult(result: JsonValue | undefined): string | null {
  if (result === undefined) return null;
  const problem = resultProblem(result);
  if (problem !== undefined) throw new UsageError(`Cannot keep the job's result: ${problem}`);
  return JSON.stringify(result);
}

/** A result that somebody spoilt is none. */
function decodeResult(text: unknown): JsonValue {
  try {
    return typeof text === "string" ? JSON.parse(text) as JsonValue : null;
  } catch {
    return null;
  }
}
