import type { Failure } from "../core/failure.ts";
import { describeTask, type Job } from "../core/job.ts";
import { placeText } from "./place_text.ts";
import { isoTime } from "./time_text.ts";

/** A job as `--json` prints it. Of the environment only the names: values may be secrets. */
export function jobToJson(job: Job): Record<string, unknown> {
  const { task } = job;
  return {
    id: job.id,
    state: job.state,
    name: job.name,
    cmd: task.kind === "shell" ? task.command : task.kind === "argv" ? task.argv : undefined,
    function: task.kind === "function" ? task.name : undefined,
    payload: task.kind === "function" ? task.payload : undefined,
    env: Object.keys(job.env),
    cwd: job.cwd,
    priority: job.priority,
    key: job.key,
    attempts: job.attempts,
    max_attempts: job.maxAttempts,
    retry_delay_ms: job.retryDelayMs,
    timeout_ms: job.timeoutMs,
    gate_cmd: job.gateCmd,
    bg_dirsync_to: placeText(job.bgDirsyncTo),
    bg_dirsync_create: job.bgDirsyncCreate,
    created_at: isoTime(job.createdAt),
    visible_at: isoTime(job.visibleAt),
  };
}

/** A failure as `--json` prints it. */
export function failureToJson(failure: Failure): Record<string, unknown> {
  return {
    kind: failure.kind,
    message: failure.message,
    exit_code: failure.exitCode,
    signal: failure.signal,
    output: failure.output,
    worker_id: failure.workerId,
    at: isoTime(failure.at),
  };
}

/** What the job does, for a table: its name first, if it has one. */
export function taskText({ name, task }: Job): string {
  return name === undefined ? describeTask(task) : `${name}: ${describeTask(task)}`;
}
