import type { ServiceBusMessage } from "@azure/service-bus";
import type { Clock } from "../../core/clock.ts";
import { JobqError, JobRefusedError, PartialPushError, UsageError } from "../../core/errors.ts";
import { assertRunnable, forEachJob, type JobId, type NewJob } from "../../core/job.ts";
import { assertSpan } from "../../core/limits.ts";
import { assertCarried, encodeJobMessage, type JobEncoding } from "../../core/wire/job_message.ts";
import { isTooLarge } from "./bus_errors.ts";
import type { ServiceQueue } from "./service_queue.ts";

/** The longest delay, in ms: 10 years, well before what the service's dates hold. */
export const MAX_DELAY_MS = 3_650 * 86_400_000;

const encoder = new TextEncoder();

export interface PushOptions {
  readonly queue: ServiceQueue;
  readonly encoding: JobEncoding;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Sends the jobs in batches, one after the other; after the first that fails, no more are begun.
 *
 * @throws {JobRefusedError, UnsupportedError, the signal's reason} before anything was sent, {PartialPushError} when not
 * all were; of a single batch, what it failed with
 */
export async function pushJobs(jobs: readonly NewJob[], options: PushOptions): Promise<readonly JobId[]> {
  const { queue, signal } = options;
  const messages = encodeAll(jobs, options);
  const ids = messages.map(({ messageId }) => String(messageId));
  signal?.throwIfAborted();
  const [only] = messages;
  if (only === undefined) return ids;
  // Packed into a batch, it would be encoded twice.
  if (messages.length === 1) {
    await queue.send(only, signal).catch((error) => {
      throw isTooLarge(error) ? tooLarge(0) : error;
    });
    return ids;
  }
  const batches = await queue.pack(messages, { signal, tooLarge });
  let sent = 0;
  for (const batch of batches) {
    try {
      signal?.throwIfAborted();
      await queue.send(batch, signal);
    } catch (error) {
      if (batches.length === 1 && error instanceof JobqError) throw error;
      throw partialPush(ids, { sent, failed: batch.count, error });
    }
    sent += batch.count;
  }
  return ids;
}

function tooLarge(index: number, maxBytes?: number): JobRefusedError {
  const limit = maxBytes === undefined ? "" : ` of ${maxBytes} bytes`;
  return new JobRefusedError(
    index,
    new UsageError(`the job with its environment does not fit into a message${limit}`, {
      hint: "put the command into a script file that the workers can read",
    }),
  );
}

function encodeAll(
  jobs: readonly NewJob[],
  { encoding, clock }: PushOptions,
): readonly ServiceBusMessage[] {
  const messages: ServiceBusMessage[] = [];
  const now = clock.now();
  forEachJob(jobs, (job) => {
    assertRunnable(job);
    assertCarried(job, "Azure Service Bus queues");
    const { delayMs = 0 } = job;
    assertSpan("a delay", delayMs, { min: 0, max: MAX_DELAY_MS });
    const { id, text } = encodeJobMessage(job, encoding);
    messages.push({
      // A text would be sent with quotes around it.
      body: encoder.encode(text),
      messageId: id,
      scheduledEnqueueTimeUtc: delayMs > 0 ? new Date(now + delayMs) : undefined,
    });
  });
  return messages;
}

/** Of a batch all or none is on the queue. */
function partialPush(
  ids: readonly JobId[],
  { sent, failed, error }: { sent: number; failed: number; error: unknown },
): PartialPushError {
  return new PartialPushError(
    ids.map((id, index) => index < sent ? id : undefined),
    ids.flatMap((_, index) => index >= sent && index < sent + failed ? [{ index, error }] : []),
  );
}
