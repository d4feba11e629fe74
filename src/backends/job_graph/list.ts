import type { ListOptions, SortKey } from "../../core/job_store.ts";
import { type Entry, type ExecutionEntry, priorityOf } from "./entry.ts";
import { matchesGlob } from "./glob.ts";

/** The jobs that `JobStore.list` answers, out of all. */
export function selectJobs(
  all: readonly Entry[],
  { states, name, createdSince = -Infinity, sort = "created", reverse = false, limit }: ListOptions,
): Entry[] {
  const found = all.filter((entry) =>
    (states?.includes(entry.state) ?? true) &&
    (name === undefined || (entry.pushed.name !== undefined && matchesGlob(entry.pushed.name, name))) &&
    entry.createdAt >= createdSince
  );
  found.sort((a, b) => ORDERS[sort](a, b) || b.createdAt - a.createdAt || b.seq - a.seq);
  if (reverse) found.reverse();
  return found.slice(0, limit);
}

type Order = (a: Entry, b: Entry) => number;

const ORDERS: Readonly<Record<SortKey, Order>> = {
  created: greatestFirst(({ createdAt }) => createdAt),
  updated: greatestFirst(({ updatedAt }) => updatedAt),
  started: greatestFirst(({ latest }) => latest?.startedAt),
  finished: greatestFirst(({ finishedAt }) => finishedAt),
  priority: greatestFirst(priorityOf),
  name: (a, b) => compareNames(a.pushed.name, b.pushed.name),
  duration: greatestFirst(({ latest }) => latest && durationOf(latest)),
  attempts: greatestFirst(({ attempts }) => attempts),
};

/** How long an execution took, in ms; undefined while it runs. */
export function durationOf({ startedAt, endedAt }: ExecutionEntry): number | undefined {
  return endedAt === undefined ? undefined : endedAt - startedAt;
}

/** Those that have none come last. */
function greatestFirst(valueOf: (entry: Entry) => number | undefined): Order {
  return (a, b) => {
    const [first = -Infinity, second = -Infinity] = [valueOf(a), valueOf(b)];
    return first === second ? 0 : second - first;
  };
}

/** Those that have none come last. */
function compareNames(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? -1 : 1;
}
