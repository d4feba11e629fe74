import { type Clock, systemClock } from "../../core/clock.ts";
import type { Job } from "../../core/job.ts";
import type { Outcome } from "../../core/outcome.ts";
import { type Logger, silentLogger } from "../../log/logger.ts";
import { processRunner } from "../../runner/process_runner.ts";
import type { Runner } from "../../runner/runner.ts";
import { AnswerCache } from "./answer_cache.ts";
import { answerOf, type GateAnswer } from "./gate_answer.ts";
import { type AskerSignals, GateRun } from "./gate_run.ts";
import type { GateSettings } from "./gate_settings.ts";

/** Whether this worker may run a job. */
export type GateVerdict =
  | { readonly kind: "passed" }
  | Extract<GateAnswer, { kind: "refused" }> & {
    /** Names the gate where its command, which may hold a secret, must not be seen: 12 hexadecimal digits. */
    readonly gate: string;
    /** Whether it was known from an earlier job. */
    readonly cached: boolean;
  }
  /** It was asked to stop before there was an answer. */
  | { readonly kind: "stopped" };

export interface GatesOptions {
  readonly settings: GateSettings;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** How long a gate that is stopped has between TERM and KILL, in ms. Default 2 s. */
  readonly killTimeoutMs?: number;
}

/** The job's surroundings, which its gate sees as well. */
export interface GateContext extends AskerSignals {
  /** What jobq tells the job: `JOBQ_JOB_ID` and so on. */
  readonly env: Readonly<Record<string, string>>;
  /** The worker's place that the job is to run in, from 0. */
  readonly slot: number;
}

/** A gate that is running. */
interface Asked {
  readonly key: string;
  readonly run: GateRun;
}

/**
 * The gates of one worker's jobs: each is a command, run with bash as the job would be, that lets jobs in by exiting
 * with 0. Its answer is taken for one of the command on this machine, and so is kept for other jobs with the same.
 * To be loaded late: a worker without gated jobs need not pay for the library behind the cache.
 */
export class Gates implements AsyncDisposable {
  readonly #settings: GateSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #killTimeoutMs: number;
  readonly #cache: AnswerCache;
  readonly #running = new Set<Asked>();
  #runner: Runner | undefined;

  constructor({ settings, clock = systemClock, log = silentLogger, killTimeoutMs = 2_000 }: GatesOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#killTimeoutMs = killTimeoutMs;
    this.#cache = new AnswerCache(settings, clock);
  }

  /**
   * Whether this worker may run the job.
   *
   * @throws {BackendError} when this machine starts no processes
   */
  async ask(job: Job, command: string, context: GateContext): Promise<GateVerdict> {
    const key = await sha256(command);
    if (context.signal.aborted) return { kind: "stopped" };
    const gate = key.slice(0, 12);
    const known = this.#cache.get(key);
    if (known?.kind === "refused") return { ...known, gate, cached: true };
    if (known !== undefined) return known;
    // From here to the start of the run nothing waits, or two could start at once.
    const { run } = this.#running.values().find((asked) => asked.key === key && !asked.run.abandoned) ??
      this.#start(gateJob(job, command), context, {
        key,
        conclude: (outcome) => this.#conclude(gate, outcome, (answer) => this.#cache.keep(key, answer)),
      });
    const answer = await run.join(context);
    if (answer === undefined) return { kind: "stopped" };
    return answer.kind === "refused" ? { ...answer, gate, cached: false } : answer;
  }

  /** Stops the gates that still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    const runs = [...this.#running].map(({ run }) => run);
    for (const run of runs) run.abandon();
    await Promise.all(runs.map((run) => run.ended()));
    await this.#runner?.[Symbol.asyncDispose]();
    this.#runner = undefined;
  }

  #start(
    job: Job,
    { env, slot }: GateContext,
    { key, conclude }: { key: string; conclude: (outcome: Outcome) => GateAnswer | undefined },
  ): Asked {
    this.#runner ??= processRunner({
      killTimeoutMs: this.#killTimeoutMs,
      log: this.#log,
      clock: this.#clock,
    });
    const run = new GateRun(job, {
      runner: this.#runner,
      context: { env, slot, log: this.#log, execution: job.executions },
      timeoutMs: this.#settings.timeoutMs,
      clock: this.#clock,
      conclude,
    });
    const asked = { key, run };
    this.#running.add(asked);
    void run.ended().then(() => this.#running.delete(asked));
    return asked;
  }

  #conclude(
    gate: string,
    outcome: Outcome,
    keep: (answer: GateAnswer) => void,
  ): GateAnswer | undefined {
    if (outcome.kind !== "gated" && "output" in outcome) {
      for (const line of outcome.output?.split("\n") ?? []) this.#log.debug(`gate ${gate} printed: ${line}`);
    }
    const answer = answerOf(outcome);
    this.#log.debug(
      answer === undefined
        ? `gate ${gate} was stopped`
        : answer.kind === "passed"
        ? `gate ${gate} passed`
        : `gate ${gate} refused: ${answer.reason}`,
    );
    // One that could not start, as in a directory which is not here, says nothing of other jobs with the same gate.
    const isStarted = outcome.kind !== "failed" || outcome.exitCode !== undefined ||
      outcome.signal !== undefined;
    if (answer !== undefined && isStarted) keep(answer);
    return answer;
  }
}

/** The gate as a job of its own, in the place and with the environment of the one that it is for. */
function gateJob(job: Job, command: string): Job {
  return { ...job, task: { kind: "shell", command } };
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
