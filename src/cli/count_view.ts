import type { Counts } from "../core/queue.ts";

const ORDER: readonly (keyof Counts)[] = [
  "blocked",
  "ready",
  "delayed",
  "running",
  "completed",
  "failed",
  "timeout",
  "cancelled",
];

/** The counts that the backend knows, in the order of a job's life. */
export function countsInOrder(counts: Counts): readonly (readonly [state: keyof Counts, jobs: number])[] {
  return ORDER.flatMap((state) => {
    const jobs = counts[state];
    return jobs === undefined ? [] : [[state, jobs] as const];
  });
}

/** How many jobs wait: for a worker, for their time, or for others. */
export function waitingOf({ ready, delayed, blocked = 0 }: Counts): number {
  return ready + delayed + blocked;
}

/** How many dead letters there are. */
export function deadOf({ failed, timeout = 0 }: Counts): number {
  return failed + timeout;
}
