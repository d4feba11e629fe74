import type { JobDetails } from "../../src/core/job_store.ts";

/** A job of `echo hello` that was pushed at `at`, with what a test says of it. */
export function jobDetails(more: Partial<JobDetails> = {}, at = 1_700_000_000_000): JobDetails {
  return {
    id: "12-abc",
    state: "pending",
    task: { kind: "shell", command: "echo hello" },
    env: {},
    maxAttempts: 3,
    attempts: 0,
    executions: 0,
    priority: 0,
    hasParents: false,
    createdAt: at,
    updatedAt: at,
    isStopping: false,
    parents: [],
    children: [],
    history: [],
    ...more,
  };
}
