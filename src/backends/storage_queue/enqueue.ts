import { isTransient, JobqError, PartialPushError, type PushFailure, UsageError } from "../../core/errors.ts";
import { assertRunnable, forEachJob, type JobId, type NewJob } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import { assertCarried, encodeJobMessage, type JobEncoding } from "../../core/wire/job_message.ts";
import { MAX_VISIBILITY_MS, type MessageQueue } from "./message_queue.ts";
import type { Payloads } from "./payloads.ts";
import { spilledText } from "./spilled.ts";
import { decodeTask } from "../azure/message_job.ts";
import { MAX_MESSAGE_BYTES, messageBytes } from "./stored_job.ts";

/** The largest job, in bytes of its message; over 64 KiB it goes to a blob. */
export const MAX_JOB_BYTES = 1024 * 1024;
/** The largest message that is made here, in bytes; the rest is for what is noted there later. */
const MAX_OWN_BYTES = MAX_MESSAGE_BYTES - 512;

export interface PushOptions {
  readonly messages: MessageQueue;
  /** Undefined where jobs over 64 KiB are refused. */
  readonly payloads: Payloads | undefined;
  readonly encoding: JobEncoding;
  /** How many are sent at the same time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
}

interface Outgoing {
  readonly id: JobId;
  readonly text: string;
  readonly isLarge: boolean;
  readonly delayMs?: number;
}

/**
 * Sends the jobs, several at a time; after the first that fails, no more are begun.
 *
 * @throws {JobRefusedError, UnsupportedError, the signal's reason} before anything was sent, {PartialPushError} when not
 * all were; of a single job, what it failed with
 */
export async function pushJobs(jobs: readonly NewJob[], options: PushOptions): Promise<readonly JobId[]> {
  const { payloads, concurrency, signal } = options;
  const outgoing = encodeAll(jobs, options);
  if (outgoing.some(({ isLarge }) => isLarge)) await payloads?.open();
  signal?.throwIfAborted();
  const ids: (JobId | undefined)[] = outgoing.map(() => undefined);
  const failures: PushFailure[] = [];
  let next = 0;
  const sendSome = async () => {
    while (next < outgoing.length && failures.length === 0) {
      const index = next++;
      const job = outgoing[index];
      if (job === undefined) return;
      try {
        await send(job, options);
        ids[index] = job.id;
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, outgoing.length) }, sendSome));
  const pushed = ids.filter((id) => id !== undefined);
  if (pushed.length === ids.length) return pushed;
  const [only] = failures;
  if (jobs.length === 1 && only?.error instanceof JobqError) throw only.error;
  throw new PartialPushError(ids, failures.toSorted((a, b) => a.index - b.index));
}

function encodeAll(jobs: readonly NewJob[], { encoding, payloads }: PushOptions): readonly Outgoing[] {
  const outgoing: Outgoing[] = [];
  forEachJob(jobs, (job) => {
    assertRunnable(job);
    assertCarried(job, "Azure Storage Queues");
    assertSpan("a delay", job.delayMs ?? 0, { min: 0, max: MAX_VISIBILITY_MS });
    const { id, text } = encodeJobMessage(job, encoding);
    const isLarge = messageBytes(text) > MAX_OWN_BYTES;
    if (isLarge) assertMaySpill(text, payloads !== undefined);
    outgoing.push({ id, text, isLarge, delayMs: job.delayMs });
  });
  return outgoing;
}

function assertMaySpill(text: string, maySpill: boolean): void {
  if (text.length > MAX_JOB_BYTES) {
    throw new UsageError(`the job with its environment is larger than ${MAX_JOB_BYTES} bytes`);
  }
  if (!maySpill) {
    throw new UsageError(
      `the job has ${messageBytes(text)} bytes, and fits into a message up to ${MAX_OWN_BYTES}`,
      {
        hint: "push it without --no-spill, so that it goes to a blob; or put the command into a script file",
      },
    );
  }
}

async function send(
  { id, text, isLarge, delayMs }: Outgoing,
  { messages, payloads, signal }: PushOptions,
): Promise<void> {
  if (!isLarge || payloads === undefined) return void await messages.send(text, { delayMs, signal });
  const blob = await payloads.put(id, text, signal);
  try {
    await messages.send(spilledText(decodeTask(text), blob), { delayMs, signal });
  } catch (error) {
    // The message may be there although no answer came, and then needs it: only a refusal is sure.
    if (!isTransient(error) && !signal?.aborted) await payloads.remove(blob).catch(() => {});
    throw error;
  }
}
