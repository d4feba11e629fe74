import { JobRefusedError, UsageError } from "../../core/errors.ts";
import { assertRunnable, type JobId, type NewJob } from "../../core/job.ts";
import type { Queue } from "../../core/queue.ts";
import type { RunCommand } from "../command.ts";
import { type CliContext, openLog, openNamedQueue } from "../context.ts";
import type { FlagValues } from "../flag.ts";
import { type InputLine, InputLineError, readLines } from "../input_lines.ts";
import { parseJobLine } from "../job_line.ts";
import type { COMMON_FLAGS, DURABILITY, JOB_FLAGS, JSON_OUTPUT } from "../options.ts";
import { PushProgress } from "../push_progress.ts";

type PushFlags = typeof JOB_FLAGS & typeof COMMON_FLAGS & {
  json: typeof JSON_OUTPUT;
  durability: typeof DURABILITY;
};

/** `jobq push`: jobs from -c, from `--`, or from the lines of standard input. */
export const push: RunCommand<PushFlags> = async (context, flags) => {
  const { io, rest } = context;
  const defaults = defaultsOf(flags);
  const commands = flags.command;
  if (commands.length > 0 && rest.length > 0) {
    throw new UsageError("Cannot push both -c and a program after --", { hint: "use two pushes" });
  }
  const given: NewJob[] = rest.length > 0
    ? [{ ...defaults, task: { kind: "argv", argv: rest } }]
    : commands.map((command) => ({ ...defaults, task: { kind: "shell", command } }));
  // Nothing is opened, and so nothing made, for jobs that cannot be pushed.
  given.forEach((job, index) => check(job, commands.length > 1 ? `command ${index + 1}` : "the job"));

  await using queue = await openNamedQueue(context, flags, {
    durability: flags.durability,
    log: openLog(context, flags),
  });
  const print = (ids: readonly JobId[]) =>
    io.stdout.write(ids.map((id) => flags.json ? `{"id":"${id}"}\n` : `${id}\n`).join(""));
  if (given.length > 0) return await print(await queue.enqueue(given));
  if (io.isTerminal("stdin") && !flags.quiet) {
    void io.stderr.write("Reading jobs, one a line; Ctrl-D ends.\n");
  }
  await pushLines(queue, context, { defaults, print });
};

function defaultsOf(flags: FlagValues<PushFlags>): Omit<NewJob, "task"> {
  return {
    name: flags.name,
    env: flags.env.length > 0 ? Object.fromEntries(flags.env) : undefined,
    cwd: flags.cwd,
    maxAttempts: flags.numRetries + 1,
    retryDelayMs: flags.retryDelay,
    timeoutMs: flags.timeout,
    delayMs: flags.delay,
  };
}

interface PushLinesOptions {
  readonly defaults: Omit<NewJob, "task">;
  readonly print: (ids: readonly JobId[]) => Promise<void>;
}

/** Pushes the lines as they come: what is there at once goes in one transaction. */
async function pushLines(
  queue: Queue,
  { io }: CliContext,
  { defaults, print }: PushLinesOptions,
): Promise<void> {
  using progress = new PushProgress(io);
  let pushed = 0;
  const enqueue = async (jobs: readonly NewJob[]) => {
    if (jobs.length === 0) return;
    const ids = await queue.enqueue(jobs);
    pushed += ids.length;
    progress.update(pushed);
    await print(ids);
  };
  for await (const lines of readBatches(io.stdin(), defaults)) {
    try {
      await enqueue(lines.jobs);
    } catch (error) {
      if (!(error instanceof JobRefusedError)) throw error;
      await enqueue(lines.jobs.slice(0, error.index));
      throw lineError(lines.numbers[error.index] ?? 0, error, pushed);
    }
    if (lines.failure) throw lineError(lines.failure.number, lines.failure.error, pushed);
  }
}

/** Jobs that came together, and the numbers of their lines. */
interface Batch {
  readonly jobs: readonly NewJob[];
  readonly numbers: readonly number[];
  /** The line after them that is no job; nothing comes after it. */
  readonly failure?: { readonly number: number; readonly error: unknown };
}

async function* readBatches(
  input: ReadableStream<Uint8Array>,
  defaults: Omit<NewJob, "task">,
): AsyncGenerator<Batch> {
  try {
    for await (const lines of readLines(input)) yield parseLines(lines, defaults);
  } catch (error) {
    if (!(error instanceof InputLineError)) throw error;
    yield { jobs: [], numbers: [], failure: { number: error.number, error } };
  }
}

function parseLines(lines: readonly InputLine[], defaults: Omit<NewJob, "task">): Batch {
  const jobs: NewJob[] = [];
  const numbers: number[] = [];
  for (const { number, text } of lines) {
    try {
      jobs.push(parseJobLine(text, defaults));
      numbers.push(number);
    } catch (error) {
      return { jobs, numbers, failure: { number, error } };
    }
  }
  return { jobs, numbers };
}

function check(job: NewJob, what: string): void {
  try {
    assertRunnable(job);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`Cannot push ${what}: ${error.message}`, {
      hint: error.hint ?? "nothing was pushed",
    });
  }
}

function lineError(number: number, error: unknown, pushed: number): unknown {
  if (!(error instanceof UsageError)) return error;
  const before = pushed === 0
    ? "nothing was pushed"
    : `the ${pushed === 1 ? "job" : `${pushed} jobs`} of the lines before it ${
      pushed === 1 ? "was" : "were"
    } pushed`;
  const advice = error.hint ? `; ${error.hint}` : "";
  return new UsageError(`Cannot push line ${number} of standard input: ${error.message}`, {
    hint: `${before}; push again from line ${number} on${advice}`,
  });
}
