import { UsageError } from "../../core/errors.ts";
import { isFinished, type JobId } from "../../core/job.ts";
import type { ProgressSource } from "../../core/wait.ts";
import { catchUp } from "./catch_up.ts";
import type { Entry } from "../job_graph/entry.ts";
import type { JobTable } from "./job_table.ts";
import { recordOf } from "../job_graph/record.ts";

/** How many jobs are shown to those who waited for all. */
const MAX_SHOWN = 100;

/** What `JobStore.wait` rests on. */
export function progressSource(table: JobTable): ProgressSource {
  let changesSeen = 0;
  return {
    clock: table.clock,
    // deno-lint-ignore require-await -- throwing must become a rejection
    progress: async (which) => {
      catchUp(table);
      changesSeen = table.changes;
      const entries = find(table, which);
      const finished = entries.filter(({ state }) => isFinished(state)).length;
      const completed = entries.filter(({ state }) => state === "completed").length;
      return { completed, notCompleted: finished - completed, unfinished: entries.length - finished };
    },
    nextChange: async (limitMs, signal) => {
      // What came after the look must not be waited for.
      if (table.changes === changesSeen) await table.nextChange(limitMs, signal);
    },
    // deno-lint-ignore require-await -- throwing must become a rejection
    jobs: async (which) =>
      (which === "all" ? lastNotCompleted(table) : find(table, which)).map((entry) => recordOf(entry)),
  };
}

function find(table: JobTable, which: readonly JobId[] | "all"): Entry[] {
  if (which === "all") return table.all();
  return which.map((id) => {
    const entry = table.get(id);
    if (!entry) throw new UsageError(`no job has the id "${id}"`);
    return entry;
  });
}

/** The last to finish comes first. */
function lastNotCompleted(table: JobTable): Entry[] {
  return table.all()
    .filter(({ state }) => isFinished(state) && state !== "completed")
    .sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0) || b.seq - a.seq)
    .slice(0, MAX_SHOWN);
}
