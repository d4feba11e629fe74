import { DONE } from "../../core/abort.ts";
import { BackendError, isTransient, LeaseLostError } from "../../core/errors.ts";
import type { Failure } from "../../core/failure.ts";
import type { NewRefusal } from "../../core/gate.ts";
import type { Job, JsonValue } from "../../core/job.ts";
import type { ExecutionOutcome } from "../../core/job_store.ts";
import type { Lease, ParentResults } from "../../core/queue.ts";
import { type Connection } from "./connection.ts";
import { LostCall } from "./lost_call.ts";
import type { Link, UseOptions } from "./link.ts";
import type { Event, WireLease } from "./messages.ts";
import { orAborted } from "./or_aborted.ts";
import { toWire } from "./wire_numbers.ts";

/** How long a renewal after the end of the lease may take, in ms. */
const LATE_RENEWAL_MS = 5_000;

/** Where a lease came from. */
export interface Origin {
  readonly connection: Connection;
  /** When it was asked for. */
  readonly sentAt: number;
  readonly workerId: string | undefined;
}

/** A lease that a process on the other side holds for us; another one takes it up when the connection was lost. */
export class RemoteLease implements Lease {
  readonly job: Job;
  readonly ticket?: string;
  readonly lost: AbortSignal;
  readonly cancelled: AbortSignal;
  readonly #link: Link;
  readonly #workerId: string | undefined;
  readonly #lost = new AbortController();
  readonly #cancelled = new AbortController();
  #home: { readonly connection: Connection; readonly lease: number; readonly listening: Disposable };
  #resuming: { readonly connection: Connection; readonly lease: Promise<number> } | undefined;
  #expiresAt: number;
  #isSettled = false;
  /** The outcomes that a settlement would have had, one of which no answer came. */
  #doubtful: readonly ExecutionOutcome[] | undefined;
  /** … and which was found to be done. */
  #wasSettled = false;

  constructor(link: Link, wire: WireLease, { connection, sentAt, workerId }: Origin) {
    this.job = wire.job;
    this.ticket = wire.ticket;
    this.lost = this.#lost.signal;
    this.cancelled = this.#cancelled.signal;
    this.#link = link;
    this.#workerId = workerId;
    this.#expiresAt = sentAt + wire.endsAfterMs;
    this.#home = { connection, lease: wire.lease, listening: this.#listen(connection, wire.lease) };
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  async parentResults(): Promise<ParentResults> {
    const results = await this.#do(
      (connection, lease) => connection.request("lease.parentResults", { lease }),
      { action: `read the results of the parents of job ${this.job.id} of`, repeat: true },
    );
    return results ?? {};
  }

  async renew(leaseMs: number): Promise<void> {
    const leftMs = this.#expiresAt - this.#link.clock.now();
    const endsAt = await this.#do(async (connection, lease, signal) => {
      const sentAt = this.#link.clock.now();
      return sentAt + await connection.request("lease.renew", { lease, ...toWire({ leaseMs }) }, { signal });
    }, {
      action: `renew job ${this.job.id} of`,
      repeat: true,
      // Nobody may wait for longer than the job is ours.
      limitMs: leftMs > 0 ? leftMs : LATE_RENEWAL_MS,
    });
    if (endsAt !== undefined) this.#expiresAt = endsAt;
  }

  async ack(result?: JsonValue, notes: { output?: string; warning?: string } = {}): Promise<void> {
    const { output, warning } = notes;
    await this.#settle(
      "complete",
      ["completed"],
      (connection, lease) => connection.request("lease.ack", { lease, result, output, warning }),
    );
  }

  async retry({ delayMs, failure }: { delayMs: number; failure: Failure }): Promise<void> {
    await this.#settle(
      "retry",
      [outcomeOf(failure), "cancelled"],
      (connection, lease) => connection.request("lease.retry", { lease, ...toWire({ delayMs }), failure }),
    );
  }

  async release({ delayMs, output }: { delayMs: number; output?: string } = { delayMs: 0 }): Promise<void> {
    await this.#settle(
      "release",
      ["interrupted", "cancelled"],
      (connection, lease) => connection.request("lease.release", { lease, ...toWire({ delayMs }), output }),
    );
  }

  async refuse({ delayMs, refusal }: { delayMs: number; refusal: NewRefusal }): Promise<void> {
    await this.#settle(
      "give back",
      ["gated", "cancelled"],
      (connection, lease) => connection.request("lease.refuse", { lease, ...toWire({ delayMs }), refusal }),
    );
  }

  async cancel({ output }: { output?: string } = {}): Promise<void> {
    await this.#settle(
      "cancel",
      ["cancelled"],
      (connection, lease) => connection.request("lease.cancel", { lease, output }),
    );
  }

  async deadLetter(failure: Failure): Promise<void> {
    await this.#settle(
      "dead-letter",
      [outcomeOf(failure)],
      (connection, lease) => connection.request("lease.deadLetter", { lease, failure }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isSettled || this.lost.aborted) return;
    await this.release().catch((error) => {
      if (!(error instanceof LeaseLostError)) throw error;
    });
  }

  async #settle(
    verb: string,
    outcomes: readonly ExecutionOutcome[],
    work: (connection: Connection, lease: number) => Promise<void>,
  ): Promise<void> {
    if (this.#isSettled && !this.#wasSettled) throw this.#lose();
    try {
      // The same again, after one that turned out to be done.
      if (!this.#wasSettled) await this.#do(work, { action: `${verb} job ${this.job.id} of`, doubt: DOUBT });
    } catch (error) {
      if (error instanceof BackendError && error.mayBeDone) this.#doubtful = outcomes;
      throw error;
    }
    this.#isSettled = true;
    this.#wasSettled = false;
    this.#home.listening[Symbol.dispose]();
  }

  /** Does something with the lease; answers undefined where it was settled before, though no answer told so. */
  async #do<T>(
    work: (connection: Connection, lease: number, signal: AbortSignal | undefined) => Promise<T>,
    options: UseOptions,
  ): Promise<T | undefined> {
    if (this.lost.aborted) throw this.lost.reason;
    try {
      return await this.#link.use(
        async (connection, signal) =>
          await work(connection, await orAborted(this.#leaseOn(connection), signal), signal),
        options,
      );
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      if (this.#doubtful === undefined || !await this.#hasEnded(this.#doubtful)) throw this.#lose(error);
      this.#wasSettled = true;
      return undefined;
    }
  }

  /** The number that the lease has on a connection: on a new one it is taken up again there. */
  async #leaseOn(connection: Connection): Promise<number> {
    if (this.#home.connection === connection) return this.#home.lease;
    if (this.#resuming?.connection !== connection) {
      this.#resuming = { connection, lease: this.#resume(connection) };
    }
    return await this.#resuming.lease;
  }

  async #resume(connection: Connection): Promise<number> {
    try {
      if (this.ticket === undefined) throw new LeaseLostError(this.job.id);
      const sentAt = this.#link.clock.now();
      const { lease, endsAfterMs } = await connection.request("resume", { ticket: this.ticket });
      this.#home.listening[Symbol.dispose]();
      this.#home = { connection, lease, listening: this.#listen(connection, lease) };
      this.#expiresAt = sentAt + endsAfterMs;
      return lease;
    } catch (error) {
      this.#resuming = undefined;
      // What was to be done with the lease was not sent yet.
      throw error instanceof LostCall ? new LostCall(error, false) : error;
    }
  }

  #listen(connection: Connection, lease: number): Disposable {
    const onEvent = ({ event }: Event) => {
      if (event === "cancelled") this.#cancelled.abort(DONE);
      // Whose settlement is in doubt finds out by itself.
      if (event === "lost" && this.#doubtful === undefined) this.#lose();
    };
    const onEnd = () => {
      if (this.ticket === undefined) this.#lose();
    };
    return connection.topics.listen(`lease ${lease}`, { onEvent, onEnd });
  }

  /** Whether our execution has ended as a settlement would have ended it. */
  async #hasEnded(outcomes: readonly ExecutionOutcome[]): Promise<boolean> {
    try {
      const job = await this.#link.call("get", { job: this.job.id }, { action: "read", repeat: true });
      const execution = job?.history.find(({ number }) => number === this.job.executions);
      if (execution === undefined || !outcomes.includes(execution.outcome)) return false;
      return this.#workerId === undefined || execution.workerId === this.#workerId;
    } catch (error) {
      if (isTransient(error)) throw error;
      return false;
    }
  }

  /** The first reason counts. */
  #lose(cause?: unknown): LeaseLostError {
    if (!this.lost.aborted) this.#lost.abort(new LeaseLostError(this.job.id, { cause }));
    this.#home.listening[Symbol.dispose]();
    return this.lost.reason;
  }
}

const DOUBT = "doing it again finds out";

function outcomeOf({ kind }: Failure): ExecutionOutcome {
  return kind === "timed-out" ? "timeout" : "failed";
}
