import type Long from "long";
import type { ServiceQueue } from "./service_queue.ts";

/** As many scheduled messages are cancelled in one request. */
const CANCELLED = 100;

/** Removes all messages that nobody has the lock of, scheduled ones too; answers how many. @param options as of the queue */
export async function clearQueue(
  queue: ServiceQueue,
  { emptyWaitMs }: { emptyWaitMs: number },
): Promise<number> {
  const cancelled = await cancelAll(queue);
  // What became active instead of being cancelled is among these.
  return cancelled + await dropAll(queue, emptyWaitMs);
}

async function cancelAll(queue: ServiceQueue): Promise<number> {
  const scheduled: Long[] = [];
  for await (const { state, sequenceNumber } of queue.peekAll("main")) {
    if (state === "scheduled" && sequenceNumber !== undefined) scheduled.push(sequenceNumber);
  }
  let count = 0;
  for (let start = 0; start < scheduled.length; start += CANCELLED) {
    count += await queue.cancelScheduled(scheduled.slice(start, start + CANCELLED));
  }
  return count;
}

async function dropAll(queue: ServiceQueue, waitMs: number): Promise<number> {
  for (let count = 0;;) {
    const dropped = await queue.drop(waitMs);
    if (dropped === 0) return count;
    count += dropped;
  }
}
