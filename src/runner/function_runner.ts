import { onAbort } from "../core/abort.ts";
import { errorMessage } from "../core/errors.ts";
import type { Job, JsonValue } from "../core/job.ts";
import type { Outcome } from "../core/outcome.ts";
import type { ParentResults } from "../core/queue.ts";
import { resultProblem } from "../core/result.ts";
import type { Logger } from "../log/logger.ts";
import { type RunContext, type Runner, stoppedOutcome } from "./runner.ts";

/** What a function learns about its job. */
export interface FunctionContext {
  readonly job: Job;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when the function should stop; what it returns then does not count. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What jobq tells the job: `JOBQ_JOB_ID` and so on, and `AMLT_DIRSYNC_DIR` when a directory is copied. */
  readonly env: Readonly<Record<string, string>>;
  /** What the job's parents left, by their ids; null for those that left nothing. Empty without parents. */
  readonly parentResults: ParentResults;
}

/**
 * A function that runs as a job. What it returns is the job's result, if JSON can hold it in 1 MiB; what it throws is
 * the reason of its failure.
 */
export type JobFunction = (
  payload: JsonValue,
  context: FunctionContext,
) => JsonValue | void | Promise<JsonValue | void>;

/**
 * Runs jobs that name one of these functions, in this process.
 *
 * ```ts
 * import { functionRunner, openQueue, Worker } from "@jobq/jobq";
 *
 * await using queue = await openQueue(`${await Deno.makeTempDir()}/jobs.db`);
 * await queue.enqueue([{ task: { kind: "function", name: "double", payload: 21 } }]);
 *
 * const seen: number[] = [];
 * await using runner = functionRunner({
 *   double: (payload) => {
 *     seen.push(Number(payload) * 2);
 *     return Number(payload) * 2;
 *   },
 * });
 * await new Worker({ queue, runner }).run();
 * if (seen[0] !== 42) throw new Error("not run");
 * ```
 */
export function functionRunner(functions: Readonly<Record<string, JobFunction>>): Runner {
  return {
    run: (job, context) => runFunction(functions, job, context),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function runFunction(
  functions: Readonly<Record<string, JobFunction>>,
  job: Job,
  { signal, kill, log, env, parentResults = {}, maxResultBytes }: RunContext,
): Promise<Outcome> {
  const { task } = job;
  const run = task.kind === "function" && Object.hasOwn(functions, task.name)
    ? functions[task.name]
    : undefined;
  if (task.kind !== "function" || run === undefined) {
    const what = task.kind === "function" ? `has no function "${task.name}"` : "runs functions, not commands";
    return { kind: "failed", error: `this worker ${what}`, retryable: true };
  }
  const execution = (async (): Promise<Outcome> => {
    try {
      return returned(
        await run(task.payload, { job, attempt: job.attempts + 1, signal, log, env, parentResults }),
        maxResultBytes,
      );
    } catch (error) {
      return { kind: "failed", error: errorMessage(error), output: stackOf(error), retryable: true };
    }
  })();
  // A function cannot be killed, only left behind.
  const { promise: killed, resolve } = Promise.withResolvers<Outcome>();
  using _ = onAbort(kill, () => resolve({ kind: "interrupted" }));
  const outcome = await Promise.race([execution, killed]);
  return signal.aborted ? stoppedOutcome(signal) : outcome;
}

/** Types do not keep a function from returning what JSON cannot hold. */
function returned(result: JsonValue | void, maxBytes?: number): Outcome {
  if (result === undefined) return { kind: "succeeded" };
  const problem = resultProblem(result, maxBytes);
  return problem === undefined
    ? { kind: "succeeded", result }
    : { kind: "succeeded", warning: `no result: ${problem}` };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
