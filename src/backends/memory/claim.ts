import type { JobId } from "../../core/job.ts";
import { MAX_LOST_LEASES, poisonFailure } from "../../core/queue.ts";
import { byPlace, type Entry } from "./entry.ts";
import type { JobTable } from "./job_table.ts";
import { endExecution, finish } from "./life.ts";

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
    if (entry.state === "running") lose(table, entry, now);
    if (entry.state === "failed") continue;
    const waitMs = Math.round(leaseMs);
    const latest = {
      number: entry.history.length + 1,
      workerId,
      startedAt: now,
      outcome: "running",
    } as const;
    entry.history.push(entry.latest = { ...latest });
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

/** The worker was not heard of again. A job that does this to its workers is put aside. */
function lose(table: JobTable, entry: Entry, now: number): void {
  endExecution(entry, "lost", { now });
  entry.lostLeases++;
  if (entry.lostLeases < MAX_LOST_LEASES) return;
  entry.attempts++;
  finish(table, [entry], { state: "failed", failure: poisonFailure(entry.lostLeases, now), now });
}
