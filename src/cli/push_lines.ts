import { JobRefusedError, UsageError } from "../core/errors.ts";
import type { JobId, NewJob } from "../core/job.ts";
import type { Queue } from "../core/queue.ts";
import { type InputLine, InputLineError, readLines } from "./input_lines.ts";
import type { Io } from "./io.ts";
import { parseJobLine } from "./job_line.ts";
import { PushProgress } from "./push_progress.ts";

export interface PushLinesOptions {
  readonly defaults: Omit<NewJob, "task">;
  readonly print: (ids: readonly JobId[]) => Promise<void>;
}

/** Pushes the lines of standard input as they come: what is there at once goes in one transaction. */
export async function pushLines(
  queue: Queue,
  io: Io,
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
