import type { Job, NewJob } from "../../src/core/job.ts";
import type { Failure } from "../../src/core/failure.ts";

/** A job that runs `command` in the shell. */
export function shellJob(command = "true", more: Omit<NewJob, "task"> = {}): NewJob {
  return { task: { kind: "shell", command }, ...more };
}

/** The command of a shell job. */
export function commandOf(job: Job | undefined): string {
  if (job?.task.kind !== "shell") throw new Error("not a shell job");
  return job.task.command;
}

export const FAILURE: Failure = {
  kind: "failed",
  message: "exited with code 3",
  exitCode: 3,
  output: "last words",
  workerId: "w1",
  at: 1_700_000_000_000,
};

export const TIMED_OUT: Failure = {
  kind: "timed-out",
  message: "it ran longer than its 5 ms",
  at: FAILURE.at,
};
