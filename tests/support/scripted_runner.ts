import type { Job } from "../../src/core/job.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { type RunContext, type Runner, stoppedOutcome } from "../../src/runner/runner.ts";

export const FAILED: Outcome = { kind: "failed", exitCode: 1, error: "exit code 1", retryable: true };

/** A runner whose jobs do what the test says: `script` is asked for each execution. */
export class ScriptedRunner implements Runner {
  /** All executions so far, in order of their start. */
  readonly executions: { readonly job: Job; readonly context: RunContext }[] = [];
  readonly #script: (job: Job, context: RunContext) => Outcome | Promise<Outcome>;

  constructor(script: (job: Job, context: RunContext) => Outcome | Promise<Outcome>) {
    this.#script = script;
  }

  async run(job: Job, context: RunContext): Promise<Outcome> {
    this.executions.push({ job, context });
    return await this.#script(job, context);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** What a job does that runs until it is stopped. */
export function untilStopped(_job: Job, { signal }: RunContext): Promise<Outcome> {
  return new Promise((resolve) => {
    const stop = () => resolve(stoppedOutcome(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
