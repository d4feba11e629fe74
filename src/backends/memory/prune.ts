import type { FinishedState } from "../../core/job.ts";
import type { PruneOptions, PruneResult } from "../../core/job_store.ts";
import type { Entry } from "../job_graph/entry.ts";
import type { JobTable } from "./job_table.ts";

/** As `JobStore.prune`. */
export function prune(table: JobTable, options: PruneOptions): PruneResult {
  const old = new Set(findOld(table, options));
  const isNeeded = (entry: Entry) =>
    entry.state === "completed" &&
    table.childrenOf(entry).some((child) => child.state !== "completed" && !old.has(child));
  const removable = [...old].filter((entry) => !isNeeded(entry));
  if (!options.dryRun) table.remove(removable);
  table.changed();
  return { removed: removable.length, needed: old.size - removable.length };
}

function findOld(
  table: JobTable,
  { states = ["completed", "cancelled"], finishedBefore = Infinity, keepNewest = 0 }: PruneOptions,
): Entry[] {
  return table.all()
    .filter(({ state }) => states.includes(state as FinishedState))
    .sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0) || b.seq - a.seq)
    .slice(keepNewest)
    .filter(({ finishedAt = 0 }) => finishedAt < finishedBefore);
}
