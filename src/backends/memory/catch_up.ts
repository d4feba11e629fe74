import { endExecution, finishCancelled } from "../job_graph/life.ts";
import type { JobTable } from "./job_table.ts";

/** Brings the jobs to the present time, and answers it. */
export function catchUp(table: JobTable): number {
  const now = table.clock.now();
  for (const entry of table.all()) {
    if (entry.visibleAt === undefined) continue;
    // It is further away than it ever was: the clock was set back. No wait becomes longer by that.
    entry.visibleAt = Math.min(entry.visibleAt, now + entry.waitMs);
    if (entry.visibleAt > now) continue;
    if (entry.state === "pending") entry.visibleAt = undefined;
    if (entry.cancelReason !== undefined) {
      endExecution(entry, "lost", { now });
      finishCancelled(table, [entry], { reason: entry.cancelReason, now });
    }
  }
  return now;
}
