import { JobqError, JobRefusedError, PartialPushError, UnsupportedError } from "../core/errors.ts";
import type { NewJob } from "../core/job.ts";
import { lazyImport } from "../core/lazy_import.ts";
import type { Queue } from "../core/queue.ts";
import { type InputLine, InputLineError, readLines } from "./input_lines.ts";
import type { Io } from "./io.ts";
import { type LineDefaults, parseJobLine } from "./job_line.ts";
import { lineError } from "./line_error.ts";
import { PushProgress } from "./push_progress.ts";
import { Workflow } from "./workflow.ts";

export interface PushLinesOptions extends LineDefaults {
  /** Pushes jobs and prints their ids, in a `PartialPushError`'s case, too. */
  readonly enqueue: (jobs: readonly NewJob[]) => Promise<void>;
  /** A line's newline is part of its command. */
  readonly keepNewline?: boolean;
}

/**
 * Pushes the lines of standard input as they come: what is there at once goes in one push. From the first line on that
 * may refer to others, all go in one at the end.
 */
export async function pushLines(queue: Queue, io: Io, options: PushLinesOptions): Promise<void> {
  using progress = new PushProgress(io);
  let pushed = 0;
  let workflow: Workflow | undefined;
  const push = async ({ jobs, numbers }: NumberedJobs) => {
    if (jobs.length === 0) return;
    try {
      await options.enqueue(jobs);
    } catch (error) {
      throw await pushError(error, { queue, numbers, pushed });
    }
    pushed += jobs.length;
    progress.update(pushed);
  };
  for await (const batch of readBatches(io.stdin(), options)) {
    if (workflow === undefined && batch.isLinked && queue.capabilities.dependencies) {
      workflow = new Workflow(pushed);
    }
    if (workflow !== undefined) {
      workflow.add(batch);
      continue;
    }
    try {
      await push(batch);
    } catch (error) {
      if (!(error instanceof JobRefusedError || error instanceof UnsupportedError)) throw error;
      const index = await pushBefore(error, batch, push);
      throw lineError({ number: batch.numbers[index] ?? 0, error, pushed });
    }
    if (batch.failure) throw lineError({ ...batch.failure, pushed });
  }
  await workflow?.push(queue, (jobs) => push({ jobs, numbers: [] }));
}

/** Jobs and the numbers of their lines. */
interface NumberedJobs {
  readonly jobs: readonly NewJob[];
  readonly numbers: readonly number[];
}

/** What to throw for an error of a push: where not all or none are pushed, one that names the lines. */
async function pushError(
  error: unknown,
  { queue, numbers, pushed }: { queue: Queue; numbers: readonly number[]; pushed: number },
): Promise<unknown> {
  const { atomicPush } = queue.capabilities;
  if (atomicPush || error instanceof JobRefusedError || error instanceof UnsupportedError) return error;
  if (!(error instanceof JobqError)) return error;
  const partial = error instanceof PartialPushError
    ? error
    : new PartialPushError(numbers.map(() => undefined), [{ index: 0, error }]);
  const { failedLines } = await lazyImport<typeof import("./failed_push.ts")>(
    import.meta.resolve("./failed_push.ts"),
  );
  return failedLines(partial, { numbers, pushed, name: queue.name });
}

/** Pushes the jobs before the first that is refused; answers where that one is. */
async function pushBefore(
  refusal: JobRefusedError | UnsupportedError,
  { jobs, numbers }: NumberedJobs,
  push: (jobs: NumberedJobs) => Promise<void>,
): Promise<number> {
  const pushPart = (from: number, to: number) =>
    push({ jobs: jobs.slice(from, to), numbers: numbers.slice(from, to) });
  if (refusal instanceof JobRefusedError) {
    await pushPart(0, refusal.index);
    return refusal.index;
  }
  // Which one asks for what the queue cannot do is not told, but it is the first that does: halving finds it.
  let from = 0;
  for (let to = jobs.length; to - from > 1;) {
    const middle = Math.floor((from + to) / 2);
    try {
      await pushPart(from, middle);
      from = middle;
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      to = middle;
    }
  }
  return from;
}

/** Jobs that came together, and the numbers of their lines. */
export interface Batch extends NumberedJobs {
  /** One of them has a key, or names others. */
  readonly isLinked: boolean;
  /** The line after them that is no job; nothing comes after it. */
  readonly failure?: { readonly number: number; readonly error: unknown };
}

const LINK = /"(?:key|after)"\s*:/;

async function* readBatches(
  input: ReadableStream<Uint8Array>,
  options: PushLinesOptions,
): AsyncGenerator<Batch> {
  try {
    for await (const lines of readLines(input)) yield parseLines(lines, options);
  } catch (error) {
    if (!(error instanceof InputLineError)) throw error;
    yield { jobs: [], numbers: [], isLinked: false, failure: { number: error.number, error } };
  }
}

function parseLines(lines: readonly InputLine[], options: PushLinesOptions): Batch {
  const jobs: NewJob[] = [];
  const numbers: number[] = [];
  let isLinked = false;
  for (const { number, text, isUnended } of lines) {
    try {
      const job = parseJobLine(options.keepNewline && !isUnended ? `${text}\n` : text, options);
      isLinked ||= job.key !== undefined || job.after !== options.job.after;
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
