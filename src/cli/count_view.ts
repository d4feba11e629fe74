import type { Counts } from "../core/queue.ts";

const ORDER: readonly Exclude<keyof Counts, "unfinished">[] = [
  "blocked",
  "ready",
  "delayed",
  "running",
  "completed",
  "failed",
  "timeout",
  "cancelled",
];

/** The counts that the backend knows, in the order of a job's life; all unfinished ones as one where it knows no more. */
export function countsInOrder(counts: Counts): readonly (readonly [state: keyof Counts, jobs: number])[] {
  const known = ORDER.flatMap((state) => {
    const jobs = counts[state];
    return jobs === undefined ? [] : [[state, jobs] as const];
  });
  return counts.ready === undefined ? [["unfinished", counts.unfinished], ...known] : known;
}

/** How many jobs wait: for a worker, for their time, or for others; where that is not known, with the running ones. */
export function waitingOf({ unfinished, running = 0 }: Counts): number {
  return unfinished - running;
}

/** How many dead letters there are. */
export function deadOf({ failed = 0, timeout = 0 }: Counts): number {
  return failed + timeout;
}
