import { JobRefusedError } from "../core/errors.ts";
import type { NewJob } from "../core/job.ts";
import type { Queue } from "../core/queue.ts";
import { type InputLine, InputLineError, readLines } from "./input_lines.ts";
import type { Io } from "./io.ts";
import { type LineDefaults, parseJobLine } from "./job_line.ts";
import { lineError } from "./line_error.ts";
import { PushProgress } from "./push_progress.ts";
import { Workflow } from "./workflow.ts";

export interface PushLinesOptions extends LineDefaults {
  /** Pushes jobs and prints their ids. */
  readonly enqueue: (jobs: readonly NewJob[]) => Promise<void>;
}

/**
 * Pushes the lines of standard input as they come: what is there at once goes in one transaction. From the first line
 * on that may refer to others, all go in one at the end.
 */
export async function pushLines(queue: Queue, io: Io, options: PushLinesOptions): Promise<void> {
  const { enqueue } = options;
  using progress = new PushProgress(io);
  let pushed = 0;
  let workflow: Workflow | undefined;
  const push = async (jobs: readonly NewJob[]) => {
    if (jobs.length === 0) return;
    await enqueue(jobs);
    pushed += jobs.length;
    progress.update(pushed);
  };
  for await (const batch of readBatches(io.stdin(), options)) {
    const { jobs, numbers, failure } = batch;
    if (workflow === undefined && batch.isLinked) workflow = new Workflow(pushed);
    if (workflow !== undefined) {
      workflow.add(batch);
      continue;
    }
    try {
      await push(jobs);
    } catch (error) {
      if (!(error instanceof JobRefusedError)) throw error;
      await push(jobs.slice(0, error.index));
      throw lineError({ number: numbers[error.index] ?? 0, error, pushed });
    }
    if (failure) throw lineError({ ...failure, pushed });
  }
  await workflow?.push(queue, push);
}

/** Jobs that came together, and the numbers of their lines. */
export interface Batch {
  readonly jobs: readonly NewJob[];
  readonly numbers: readonly number[];
  /** One of them has a key, or names others. */
  readonly isLinked: boolean;
  /** The line after them that is no job; nothing comes after it. */
  readonly failure?: { readonly number: number; readonly error: unknown };
}

const LINK = /"(?:key|after)"\s*:/;

async function* readBatches(
  input: ReadableStream<Uint8Array>,
  defaults: LineDefaults,
): AsyncGenerator<Batch> {
  try {
    for await (const lines of readLines(input)) yield parseLines(lines, defaults);
  } catch (error) {
    if (!(error instanceof InputLineError)) throw error;
    yield { jobs: [], numbers: [], isLinked: false, failure: { number: error.number, error } };
  }
}

function parseLines(lines: readonly InputLine[], defaults: LineDefaults): Batch {
  const jobs: NewJob[] = [];
  const numbers: number[] = [];
  let isLinked = false;
  for (const { number, text } of lines) {
    try {
      const job = parseJobLine(text, defaults);
      isLinked ||= job.key !== undefined || job.after !== defaults.job.after;
      jobs.push(job);
      numbers.push(number);
    } catch (error) {
      // What cannot be read may still belong to a workflow, of which nothing is to be pushed then.
      isLinked ||= lines.some((line) => LINK.test(line.text));
      return { jobs, numbers, isLinked, failure: { number, error } };
    }
  }
  return { jobs, numbers, isLinked };
}
