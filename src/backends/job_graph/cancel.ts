import { type FinishedState, isFinished, type JobId } from "../../core/job.ts";
import type { CancelResult, RefusedJob } from "../../core/job_store.ts";
import type { Entry } from "./entry.ts";
import type { JobGraph } from "./graph.ts";
import { endExecution, finishCancelled, NO_REASON } from "./life.ts";

const WHY_NOT: Readonly<Record<FinishedState, string>> = {
  completed: "is completed",
  cancelled: "is cancelled already",
  failed: "has failed",
  timeout: "has timed out",
};

/** As `JobStore.cancel`. */
export function cancel(
  graph: JobGraph,
  ids: readonly JobId[],
  { reason = NO_REASON, now }: { reason?: string; now: number },
): CancelResult {
  const waiting: Entry[] = [];
  const stopping: JobId[] = [];
  const refused: RefusedJob[] = [];
  for (const id of new Set(ids)) {
    const entry = graph.get(id);
    if (!entry) refused.push({ id, reason: "is not a job of this queue" });
    else if (isFinished(entry.state)) refused.push({ id, reason: WHY_NOT[entry.state] });
    else if (entry.state !== "running") waiting.push(entry);
    else if ((entry.visibleAt ?? Infinity) <= now) {
      // Its lease has ended: its worker may be gone.
      endExecution(entry, "lost", { now });
      waiting.push(entry);
    } else {
      graph.requestStop(entry, reason);
      stopping.push(id);
    }
  }
  const children = finishCancelled(graph, waiting, { reason, now });
  return { cancelled: waiting.map(({ id }) => id), stopping, children, refused };
}
