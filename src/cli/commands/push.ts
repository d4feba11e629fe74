import { JobRefusedError, PartialPushError, UsageError } from "../../core/errors.ts";
import { type After, assertRunnable, type JobId, type NewJob } from "../../core/job.ts";
import { lazyImport } from "../../core/lazy_import.ts";
import type { EnqueueOptions, Queue } from "../../core/queue.ts";
import type { RunCommand } from "../command.ts";
import { openLog, openNamedQueue } from "../context.ts";
import type { FlagValues } from "../flag.ts";
import type { Io } from "../io.ts";
import type { JOB_FLAGS, PUSH_FLAGS } from "../job_options.ts";
import type { COMMON_FLAGS } from "../options.ts";

type JobFlagValues = FlagValues<typeof JOB_FLAGS>;

type PushFlags = typeof PUSH_FLAGS & typeof COMMON_FLAGS;

/** `jobq push`: jobs from -c, from `--`, or from the lines of standard input. */
export const push: RunCommand<PushFlags> = async (context, flags) => {
  const { io } = context;
  const given = await givenJobs(flags, context.rest);
  await using queue = await openNamedQueue(context, flags, {
    durability: flags.durability,
    // A queue that is not there has no job to wait for.
    create: flags.after.length === 0,
    azure: {
      spill: flags.spill,
      lockDurationMs: flags.lockDuration,
      dedupWindowMs: flags.dedupWindow,
      newIds: flags.newId,
    },
  });
  await checkAbilities(queue, flags);
  if (flags.dedupWindow !== undefined || flags.lockDuration !== undefined || flags.newId) {
    const { warnOfIdleFlags } = await lazyImport<typeof import("../idle_flags.ts")>(
      import.meta.resolve("../idle_flags.ts"),
    );
    warnOfIdleFlags(queue, flags, openLog(context, flags));
  }
  const after = await givenAfter(queue, flags);
  const enqueue = pushAndPrint(queue, io, flags);
  if (given.length > 0) {
    return await enqueue(given.map((job) => ({ ...job, after }))).catch(async (error) => {
      if (error instanceof JobRefusedError) throw refusalOf(error, error.index, given.length);
      throw queue.capabilities.atomicPush ? error : await commandsError(error, queue.name);
    });
  }
  if (io.isTerminal("stdin") && !flags.quiet) {
    void io.stderr.write("Reading jobs, one a line; Ctrl-D ends.\n");
  }
  // Most pushes name their commands, and need none of that.
  const { pushLines } = await lazyImport<typeof import("../push_lines.ts")>(
    import.meta.resolve("../push_lines.ts"),
  );
  await pushLines(queue, io, {
    job: withoutGaps({ ...defaultsOf(flags), after }),
    ifExists: flags.ifExists,
    keepNewline: flags.keepNewline,
    enqueue,
  });
};

/** Pushes jobs and prints the ids of those that are on the queue, even if not all are. */
function pushAndPrint(
  queue: Queue,
  io: Io,
  { json, quiet, numWorkers }: FlagValues<PushFlags>,
): (jobs: readonly NewJob[]) => Promise<void> {
  // Nobody can tell whether such a job is on the queue once or once more; who asks for JSON may want to know that.
  const note = queue.capabilities.silentDeduplication ? ',"deduplication":"by the service"' : "";
  return async (jobs) => {
    const skipped = new Set<number>();
    const line = (id: JobId | undefined, index: number) =>
      id === undefined
        ? ""
        : json
        ? `{"id":"${id}"${skipped.has(index) ? ',"existing":true' : ""}${note}}\n`
        : `${id}\n`;
    const print = (ids: readonly (JobId | undefined)[]) => io.stdout.write(ids.map(line).join(""));
    const options = { concurrency: numWorkers, onSkip: (index: number) => skipped.add(index) };
    const ids = await enqueueAll(queue, io, { jobs, options }).catch(async (error) => {
      if (error instanceof PartialPushError) await print(error.ids);
      throw error;
    });
    await print(ids);
    if (skipped.size > 0 && !quiet) void io.stderr.write(skipNote(ids, skipped));
    if (!quiet && jobs.some(namesId)) {
      void io.stderr.write(await cancelNote(queue, ids.filter((_, index) => namesId(jobs[index] as NewJob))));
    }
  };
}

/** Pushes the jobs; where some may be on the queue and others not, an interruption tells which. */
async function enqueueAll(
  queue: Queue,
  io: Io,
  { jobs, options }: { jobs: readonly NewJob[]; options: EnqueueOptions },
): Promise<readonly JobId[]> {
  if (queue.capabilities.atomicPush) return await queue.enqueue(jobs, options);
  const { untilInterrupted } = await lazyImport<typeof import("../interrupted_push.ts")>(
    import.meta.resolve("../interrupted_push.ts"),
  );
  return await untilInterrupted(io, (signal) => queue.enqueue(jobs, { ...options, signal }));
}

/** @throws {UnsupportedError} for options that the queue could not act upon */
async function checkAbilities(queue: Queue, flags: JobFlagValues): Promise<void> {
  // Where records are kept all of it works, and a push need not wait for the code that says so.
  if (queue.capabilities.keepsRecords) return;
  const { refuseUnsupported } = await lazyImport<typeof import("../unsupported_flags.ts")>(
    import.meta.resolve("../unsupported_flags.ts"),
  );
  refuseUnsupported(queue, flags);
}

async function commandsError(error: unknown, name: string): Promise<unknown> {
  const { failedCommands } = await lazyImport<typeof import("../failed_push.ts")>(
    import.meta.resolve("../failed_push.ts"),
  );
  return failedCommands(error, name);
}

/**
 * The jobs of -c and `--`, checked: nothing is opened, and so nothing made, for jobs that cannot be pushed.
 *
 * @throws {UsageError}
 */
export async function givenJobs(flags: JobFlagValues, rest: readonly string[]): Promise<readonly NewJob[]> {
  const { command: commands, key, ifExists } = flags;
  if (commands.length > 0 && rest.length > 0) {
    throw new UsageError("Cannot push both -c and a program after --", { hint: "use two pushes" });
  }
  const count = rest.length > 0 ? 1 : commands.length;
  if (key !== undefined && count !== 1) {
    throw new UsageError(
      `Cannot give one key to ${count === 0 ? "many lines" : `${count} jobs`}`,
      {
        hint: 'push one job with --key, or JSON lines with "key"',
      },
    );
  }
  if (key === undefined && ifExists !== undefined && count > 0) {
    throw new UsageError("Cannot use --if-exists without --key", { hint: "give the job a key" });
  }
  const unique = key === undefined ? {} : { key, ifExists: ifExists ?? "skip" };
  const defaults = { ...defaultsOf(flags), ...unique };
  const jobs: NewJob[] = [];
  for (let index = 0; index < count; index++) {
    try {
      const job = rest.length > 0
        ? { ...defaults, task: { kind: "argv", argv: rest } } as const
        : await commandJob(commands[index] ?? "", defaults);
      assertRunnable(job);
      jobs.push(job);
    } catch (error) {
      throw error instanceof UsageError ? refusalOf(error, index, count) : error;
    }
  }
  return jobs;
}

/** The job of a -c: a command, or a JSON object as the lines of standard input may be. */
async function commandJob(command: string, defaults: Omit<NewJob, "task">): Promise<NewJob> {
  if (command.startsWith("{")) {
    const { parseJsonCommand } = await lazyImport<typeof import("../job_line.ts")>(
      import.meta.resolve("../job_line.ts"),
    );
    const job = parseJsonCommand(command, defaults);
    if (job !== undefined) return job;
  }
  return { ...defaults, task: { kind: "shell", command } };
}

/** What --after says. @throws {UsageError} for an id that there is not */
export async function givenAfter(
  queue: Queue,
  { after }: JobFlagValues,
): Promise<readonly After[] | undefined> {
  if (after.length === 0) return undefined;
  const { resolveAfter } = await lazyImport<typeof import("../after.ts")>(import.meta.resolve("../after.ts"));
  return await resolveAfter(queue, after);
}

function defaultsOf(flags: JobFlagValues): Omit<NewJob, "task"> {
  return {
    name: flags.name,
    env: flags.env.length > 0 ? Object.fromEntries(flags.env) : undefined,
    cwd: flags.cwd,
    maxAttempts: flags.numRetries + 1,
    retryDelayMs: flags.retryDelay,
    timeoutMs: flags.timeout,
    delayMs: flags.delay,
    priority: flags.priority,
    gateCmd: flags.gateCmd,
    bgDirsyncTo: flags.bgDirsyncTo,
    bgDirsyncCreate: flags.bgDirsyncCreate || undefined,
  };
}

/** Only what is there: the job of each line begins as a copy of it, and a copy of nothing takes as long as one of something. */
function withoutGaps<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** The error about one of `count` jobs. */
export function refusalOf(error: UsageError, index: number, count: number): UsageError {
  const what = count > 1 ? `command ${index + 1}` : "the job";
  return new UsageError(`Cannot push ${what}: ${error.message}`, {
    hint: error.hint ?? "nothing was pushed",
    cause: error,
  });
}

function skipNote(ids: readonly JobId[], skipped: ReadonlySet<number>): string {
  const [index = 0] = skipped;
  return skipped.size === 1
    ? `not pushed: job ${ids[index]}, which is not finished, has the same key\n`
    : `${skipped.size} jobs were not pushed: unfinished ones have the same keys\n`;
}

/** Whether it waits for a job that was there before, and may have finished. */
function namesId({ after }: NewJob): boolean {
  return after?.some((parent) => "job" in parent) === true;
}

/** Jobs of a push that are looked at again, at most. */
const MAX_LOOKS = 100;

/** Says which jobs were cancelled as they were pushed, because of what their parents had come to; "" when none were. */
async function cancelNote(queue: Queue, ids: readonly JobId[]): Promise<string> {
  const notes: string[] = [];
  for (const id of ids.slice(0, MAX_LOOKS)) {
    const job = await queue.get(id);
    if (job?.state === "cancelled") notes.push(`job ${id} is cancelled already: ${job.failure?.message}\n`);
  }
  return notes.join("");
}
