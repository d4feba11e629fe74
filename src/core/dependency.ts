import { isFinished, type JobId, type JobState, type ParentCondition } from "./job.ts";

/** What a parent in this state means for a job that waits for it under this condition. */
export function verdictOn(state: JobState, when: ParentCondition): "satisfied" | "waiting" | "violated" {
  if (!isFinished(state)) return "waiting";
  switch (when) {
    case "any":
      return "satisfied";
    case "ok":
      return state === "completed" ? "satisfied" : "violated";
    case "failed":
      return state === "failed" || state === "timeout" ? "satisfied" : "violated";
    default:
      return when satisfies never;
  }
}

const WHAT_BECAME: Readonly<Record<JobState, string>> = {
  blocked: "is blocked",
  pending: "is pending",
  running: "is running",
  completed: "completed, and this job was to run only if that failed",
  failed: "failed",
  cancelled: "was cancelled",
  timeout: "ran out of time",
};

/** Why a job is cancelled whose parent came to a state that it was not to follow: one sentence. */
export function violationReason(parent: JobId, state: JobState): string {
  return `its parent ${parent} ${WHAT_BECAME[state]}`;
}
