import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import type { Job } from "../../core/job.ts";
import type { Outcome } from "../../core/outcome.ts";
import type { RunContext, Runner, StopReason } from "../../runner/runner.ts";
import type { GateAnswer } from "./gate_answer.ts";

export interface GateRunOptions {
  readonly runner: Runner;
  readonly context: Omit<RunContext, "signal" | "kill">;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Told once what came of it; what it answers is what all who asked are told. */
  readonly conclude: (outcome: Outcome) => GateAnswer | undefined;
}

/** When somebody stops asking. */
export interface AskerSignals {
  readonly signal: AbortSignal;
  /** Aborted, after `signal`, when not even the grace time is waited for. */
  readonly kill: AbortSignal;
}

/** One execution of a gate, shared by all who ask it meanwhile; it is stopped when the last of them has gone. */
export class GateRun {
  /** Rejects when this machine cannot run anything. */
  readonly #answer: Promise<GateAnswer | undefined>;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #askers = 0;
  #abandoned = false;

  /** @param job the gate as a job */
  constructor(job: Job, options: GateRunOptions) {
    this.#answer = this.#execute(job, options);
  }

  /** Nobody asks any more: it is being stopped, and cannot be joined. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Resolves, whatever came of it, when its processes have ended. */
  async ended(): Promise<void> {
    await this.#answer.catch(() => {});
  }

  /** Stops it for all. */
  abandon(): void {
    this.#abandoned = true;
    this.#stop.abort({ kind: "interrupted" } satisfies StopReason);
  }

  /**
   * The answer; undefined for an asker who stopped asking, and for all if the run was stopped. The last one who
   * asks waits until the gate's processes have ended.
   */
  async join({ signal, kill }: AskerSignals): Promise<GateAnswer | undefined> {
    const left = Promise.withResolvers<undefined>();
    this.#askers++;
    using _stop = onAbort(signal, () => {
      if (--this.#askers > 0) left.resolve(undefined);
      else this.abandon();
    });
    using _kill = onAbort(kill, () => {
      if (this.#abandoned) this.#kill.abort(DONE);
    });
    const answer = await Promise.race([this.#answer, left.promise]);
    return signal.aborted ? undefined : answer;
  }

  async #execute(
    job: Job,
    { runner, context, timeoutMs, clock, conclude }: GateRunOptions,
  ): Promise<GateAnswer | undefined> {
    const finished = new AbortController();
    void clock.sleep(timeoutMs, finished.signal).then(() =>
      this.#stop.abort({ kind: "timed-out", timeoutMs } satisfies StopReason)
    );
    try {
      return conclude(
        await runner.run(job, { ...context, signal: this.#stop.signal, kill: this.#kill.signal }),
      );
    } finally {
      finished.abort(DONE);
    }
  }
}
