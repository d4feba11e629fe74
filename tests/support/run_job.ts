import type { Job, Task } from "../../src/core/job.ts";
import type { LogWriter } from "../../src/core/job_logs.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { ParentResults } from "../../src/core/queue.ts";
import { createLogger, type LogRecord } from "../../src/log/logger.ts";
import { processRunner, type ProcessRunnerOptions } from "../../src/runner/process_runner.ts";
import type { StopReason } from "../../src/runner/runner.ts";

/** A job as a lease hands it out. */
export function jobOf(task: Task | string, fields: Partial<Job> = {}): Job {
  return {
    id: "7-abcdef",
    state: "running",
    task: typeof task === "string" ? { kind: "shell", command: task } : task,
    maxAttempts: 1,
    attempts: 0,
    executions: 1,
    priority: 0,
    hasParents: false,
    createdAt: 0,
    ...fields,
    env: fields.env ?? {},
  };
}

export interface RunningJob {
  readonly outcome: Promise<Outcome>;
  readonly stop: (reason?: StopReason) => void;
  readonly kill: () => void;
  /** What it printed so far. */
  readonly printed: () => { stdout: string; stderr: string; bytes: number };
  /** Resolves when it has printed a text that fits. */
  readonly untilPrinted: (pattern: RegExp) => Promise<string>;
  readonly logged: readonly LogRecord[];
}

export interface RunJobOptions extends Omit<ProcessRunnerOptions, "output"> {
  readonly record?: LogWriter;
  readonly parentResults?: ParentResults;
}

/** Starts a job in a process runner of its own, which ends with it. */
export function startJob(
  job: Job,
  { record, parentResults, ...options }: RunJobOptions = {},
): RunningJob {
  const decoder = new TextDecoder();
  const printed = { stdout: "", stderr: "", bytes: 0 };
  const logged: LogRecord[] = [];
  const watchers = new Set<() => void>();
  const log = createLogger("debug", (record) => logged.push(record));
  const stop = new AbortController();
  const kill = new AbortController();
  const runner = processRunner({
    killTimeoutMs: 10_000,
    log,
    ...options,
    output: () => ({
      write: (name, bytes) => {
        printed[name] += decoder.decode(bytes);
        printed.bytes += bytes.length;
        for (const look of watchers) look();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
  });
  const run = async () => {
    await using _ = runner;
    const env = { JOBQ_WORKER_ID: `test-${crypto.randomUUID()}`, JOBQ_JOB_ID: job.id };
    return await runner.run(job, {
      signal: stop.signal,
      kill: kill.signal,
      log,
      slot: 0,
      execution: job.executions,
      env,
      parentResults,
      record,
    });
  };
  return {
    outcome: run(),
    stop: (reason = { kind: "interrupted" }) => stop.abort(reason),
    kill: () => kill.abort(),
    printed: () => printed,
    untilPrinted: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const found = pattern.exec(printed.stdout);
          if (found === null) return;
          watchers.delete(look);
          resolve(found[1] ?? found[0]);
        };
        watchers.add(look);
        look();
      }),
    logged,
  };
}

/** Runs a job to its end. */
export async function runJob(job: Job, options: RunJobOptions = {}): Promise<{
  outcome: Outcome;
  stdout: string;
  stderr: string;
  logged: readonly LogRecord[];
}> {
  const running = startJob(job, options);
  const outcome = await running.outcome;
  return { outcome, ...running.printed(), logged: running.logged };
}

/** Whether a process lives: it is there, and not only waiting to be reaped. */
export async function isAlive(pid: number | string): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat !== "" &&
    !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
}
