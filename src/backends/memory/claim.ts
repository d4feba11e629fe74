import type { JobId } from "../../core/job.ts";
import { byPlace, type Entry } from "../job_graph/entry.ts";
import type { JobTable } from "./job_table.ts";
import { beginExecution, loseExecution } from "../job_graph/life.ts";

export interface Claim {
  readonly leaseMs: number;
  readonly workerId?: string;
  /** This job and no other. */
  readonly job?: JobId;
  readonly now: number;
}

/** Begins an execution of the next job that is ready or whose lease has ended. */
export function claim(table: JobTable, { leaseMs, workerId, job, now }: Claim): Entry | undefined {
  const due = table.all().filter((entry) => isDue(entry, now) && (job === undefined || entry.id === job));
  for (const entry of due.sort(byPlace)) {
    if (entry.state === "running") loseExecution(table, entry, now);
    if (entry.state === "failed") continue;
    const waitMs = Math.round(leaseMs);
    beginExecution(entry, { workerId, startedAt: now });
    Object.assign(entry, {
      state: "running",
      updatedAt: now,
      failure: undefined,
      waitMs,
      visibleAt: now + waitMs,
      hold: new AbortController(),
    });
    return entry;
  }
  return undefined;
}

function isDue({ state, visibleAt }: Entry, now: number): boolean {
  return state === "pending" ? visibleAt === undefined : state === "running" && (visibleAt ?? 0) <= now;
}
