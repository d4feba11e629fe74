import type { Counts } from "../core/queue.ts";

/** A state as it is shown; `active` is ready or running, `unfinished` delayed, too. */
export type ShownState = keyof Counts | "active";

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

/**
 * The counts that the backend knows, in the order of a job's life. Where it cannot tell ready from running ones, they
 * are `active`; where it cannot tell those from delayed ones either, all are `unfinished`.
 */
export function countsInOrder(counts: Counts): readonly (readonly [state: ShownState, jobs: number])[] {
  const known = ORDER.flatMap((state) => {
    const jobs = counts[state];
    return jobs === undefined ? [] : [[state, jobs] as const];
  });
  const { unfinished, ready, delayed } = counts;
  if (ready !== undefined) return known;
  return [delayed === undefined ? ["unfinished", unfinished] : ["active", unfinished - delayed], ...known];
}

/** How many jobs wait: for a worker, for their time, or for others; where that is not known, with the running ones. */
export function waitingOf({ unfinished, running = 0 }: Counts): number {
  return unfinished - running;
}

/** How many dead letters there are. */
export function deadOf({ failed = 0, timeout = 0 }: Counts): number {
  return failed + timeout;
}
