import { JobRefusedError, UsageError } from "./errors.ts";

/** Names a job on its queue. Opaque: only the backend that made it knows its form. */
export type JobId = string;

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | {
  readonly [key: string]: JsonValue;
};

/** What a job does: a line for the shell, a program with its arguments, or a function that the worker knows. */
export type Task =
  | { readonly kind: "shell"; readonly command: string }
  | { readonly kind: "argv"; readonly argv: readonly string[] }
  | { readonly kind: "function"; readonly name: string; readonly payload: JsonValue };

/** Whether what was read is a task. */
export function isTask(value: unknown): value is Task {
  if (typeof value !== "object" || value === null) return false;
  const { kind, command, argv, name } = value as { [key: string]: JsonValue | undefined };
  return (kind === "shell" && typeof command === "string") ||
    (kind === "argv" && Array.isArray(argv) && argv.length > 0 &&
      argv.every((part) => typeof part === "string")) ||
    (kind === "function" && typeof name === "string");
}

/**
 * Where a job is in its life: `blocked` waits for its parents, `pending` for a worker. The other four are final,
 * unless the job is requeued; `failed` and `timeout` jobs are the dead letters.
 */
export type JobState = "blocked" | "pending" | "running" | FinishedState;

/** The states in which nothing more happens by itself. */
export type FinishedState = "completed" | "failed" | "cancelled" | "timeout";

export const FINISHED_STATES: readonly FinishedState[] = ["completed", "failed", "cancelled", "timeout"];

export const JOB_STATES: readonly JobState[] = ["blocked", "pending", "running", ...FINISHED_STATES];

export function isFinished(state: JobState): state is FinishedState {
  return (FINISHED_STATES as readonly JobState[]).includes(state);
}

/** What a parent must have come to: completed; finished in whatever way; or failed, by exit code or by timeout. */
export type ParentCondition = "ok" | "any" | "failed";

/** A job that has to finish first: one that is on the queue, by its id, or one of the same push, by its key. */
export type After =
  & ({ readonly job: JobId } | { readonly key: string })
  & {
    /** Default `ok`. When it cannot come true any more, the waiting job is cancelled. */
    readonly when?: ParentCondition;
  };

/**
 * What a push does when an unfinished job has the key already: pushes nothing and answers that job's id; cancels it
 * and takes its place, if it has not started and no job waits for it; or refuses.
 */
export type IfExists = "skip" | "replace" | "error";

/** A job as it is pushed. */
export interface NewJob {
  readonly task: Task;
  /** For people; need not be unique. */
  readonly name?: string;
  /** Added to the worker's environment, for this job only. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory on the worker. Default: the worker's own. */
  readonly cwd?: string;
  /** Executions that count before the job is dead-lettered. Default 1. */
  readonly maxAttempts?: number;
  /** First delay of the exponential backoff, in ms. Default: the worker's retry policy. */
  readonly retryDelayMs?: number;
  /** An attempt that runs longer is stopped and counts as failed, in ms. Default: no limit. */
  readonly timeoutMs?: number;
  /** The job cannot be leased before this has passed, in ms. Default 0. */
  readonly delayMs?: number;
  /** Higher ones are leased first; among equals, the oldest. A whole number within ±1,000,000. Default 0. */
  readonly priority?: number;
  /** Jobs that have to finish first. */
  readonly after?: readonly After[];
  /** What `after` of other jobs of the same push calls this one. With `ifExists`, also the mark of a unique job. */
  readonly key?: string;
  /** Given, no second unfinished job of the queue can have the key. */
  readonly ifExists?: IfExists;
  /** A command for bash that decides, on the worker, whether the job may run there: with 0 it may. */
  readonly gateCmd?: string;
  /**
   * Where the worker copies what the job writes to `$AMLT_DIRSYNC_DIR`: a directory of the worker's machine, or the URL
   * of a place in an Azure blob container.
   */
  readonly bgDirsyncTo?: string;
  /** Make that place where it is missing. Default: that is an error. */
  readonly bgDirsyncCreate?: boolean;
  /** The JSON text that the job was read from: where jobs are kept as JSON, its keys stay in their order. */
  readonly jsonLine?: string;
}

/** A job as the queue knows it. */
export interface Job extends Omit<NewJob, "delayMs" | "after" | "ifExists" | "jsonLine"> {
  readonly id: JobId;
  readonly state: JobState;
  readonly env: Readonly<Record<string, string>>;
  readonly maxAttempts: number;
  /** Executions that counted so far; in a lease, the one that the lease is for is not among them. */
  readonly attempts: number;
  /**
   * Executions that were begun, whether they count or not; in a lease, the one that the lease is for is the last. One that
   * a gate refused leaves its number to the next.
   */
  readonly executions: number;
  readonly priority: number;
  /** Whether it waits, or waited, for others. */
  readonly hasParents: boolean;
  readonly createdAt: number;
  /** When it can be leased (pending) or its lease ends (running); ms since the epoch. */
  readonly visibleAt?: number;
}

/** Linux hands a program at most this many bytes in one argument or environment entry (MAX_ARG_STRLEN less the final NUL, execve(2)). */
export const MAX_ARGUMENT_BYTES = 131_071;

const encoder = new TextEncoder();

/**
 * Refuses a job that no worker could ever start.
 *
 * @throws {UsageError} naming what is wrong
 */
export function assertRunnable(job: NewJob): void {
  switch (job.task.kind) {
    case "shell":
      if (job.task.command.trim() === "") throw new UsageError("the command is empty");
      assertArgument("the command", job.task.command);
      break;
    case "argv":
      if (!job.task.argv[0]) throw new UsageError("the program's name is empty");
      for (const argument of job.task.argv) assertArgument("an argument", argument);
      break;
    case "function":
      if (job.task.name === "") throw new UsageError("the function's name is empty");
      break;
    default:
      job.task satisfies never;
  }
  if (job.name?.includes("\0")) throw new UsageError("the name contains a NUL byte");
  if (job.cwd !== undefined) assertArgument("the working directory", job.cwd);
  if (job.gateCmd !== undefined) assertGate(job.gateCmd);
  if (job.bgDirsyncTo !== undefined) assertDirsync(job.bgDirsyncTo);
  if (job.env !== undefined) assertEnvironment(job.env);
  assertWholeNumber("maxAttempts", job.maxAttempts, 1);
  assertWholeNumber("retryDelayMs", job.retryDelayMs, 0);
  assertWholeNumber("timeoutMs", job.timeoutMs, 1);
  assertWholeNumber("delayMs", job.delayMs, 0);
  if (job.priority !== undefined) assertPriority(job.priority);
  if (job.key !== undefined) assertKey(job.key);
  else if (job.ifExists !== undefined) throw new UsageError("ifExists is given without a key");
}

/**
 * Refuses a place to synchronise to that workers could not find, on a queue on which no other tool has workers.
 *
 * @throws {UsageError}
 */
export function assertPlace({ bgDirsyncTo }: NewJob): void {
  // Also where the worker runs another system than this one.
  if (bgDirsyncTo === undefined || /^(?:[/\\]|[a-z]:[/\\]|[a-z]+:\/\/)/i.test(bgDirsyncTo)) return;
  throw new UsageError("the place to synchronise to is no absolute path and no URL", {
    hint: "workers have working directories of their own: write it from / on",
  });
}

/** The highest priority; the lowest is its negative. */
export const MAX_PRIORITY = 1_000_000;

/** @throws {UsageError} */
export function assertPriority(priority: number): void {
  if (Number.isSafeInteger(priority) && Math.abs(priority) <= MAX_PRIORITY) return;
  throw new UsageError(
    `the priority is ${priority}, but must be a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}`,
  );
}

const MAX_KEY_LENGTH = 200;

/** @throws {UsageError} */
export function assertKey(key: string): void {
  if (key === "" || key.length > MAX_KEY_LENGTH) {
    throw new UsageError(`a key has 1 to ${MAX_KEY_LENGTH} characters, not ${key.length}`);
  }
  // A comma separates the jobs of --after, and `:any` ends one of them.
  if (/[,\s\p{Cc}]|:(?:ok|any|failed)$/u.test(key)) {
    throw new UsageError("a key has no commas, no white space and does not end in :ok, :any or :failed");
  }
}

function assertGate(command: string): void {
  if (command.trim() === "") throw new UsageError("the gate's command is empty");
  assertArgument("the gate's command", command);
}

function assertDirsync(place: string): void {
  if (place === "") throw new UsageError("the place to synchronise to is empty");
  assertArgument("the place to synchronise to", place);
}

function assertEnvironment(env: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(env)) {
    if (key === "" || key.includes("=") || key.includes("\0")) {
      throw new UsageError(`"${key.replaceAll("\0", "\\0")}" cannot be the name of an environment variable`);
    }
    assertArgument(`the environment variable ${key}`, `${key}=${value}`);
  }
}

/**
 * Calls `work` for each job of a push, and says which one it is that `work` refuses.
 *
 * @throws {JobRefusedError}
 */
export function forEachJob(jobs: readonly NewJob[], work: (job: NewJob) => void): void {
  let index = 0;
  try {
    for (; index < jobs.length; index++) work(jobs[index] as NewJob);
  } catch (error) {
    throw error instanceof UsageError ? new JobRefusedError(index, error) : error;
  }
}

function assertWholeNumber(name: string, value: number | undefined, min: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= min)) {
    throw new UsageError(`${name} is ${value}, but must be a whole number of at least ${min}`);
  }
}

function assertArgument(what: string, text: string): void {
  if (text.includes("\0")) {
    throw new UsageError(`${what} contains a NUL byte, which no program can be given`, {
      hint: "remove it, or have the command read such data from a file",
    });
  }
  // Counting bytes costs more than this bound, which nearly every text meets.
  if (text.length * 3 <= MAX_ARGUMENT_BYTES) return;
  const bytes = encoder.encode(text).length;
  if (bytes > MAX_ARGUMENT_BYTES) {
    throw new UsageError(
      `${what} has ${bytes} bytes; the system passes at most ${MAX_ARGUMENT_BYTES} to a program`,
      {
        hint: "put the command into a script file and push a command that runs it",
      },
    );
  }
}

/** One line that tells a person what the job does, without its environment; cut at `limit` characters. */
export function describeTask(task: Task, limit = 80): string {
  const text = task.kind === "shell"
    ? task.command
    : task.kind === "argv"
    ? task.argv.join(" ")
    : `${task.name}(${JSON.stringify(task.payload)})`;
  // Control characters would let a job's text move the cursor of whoever lists it.
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
