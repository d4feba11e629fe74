import { isFinished } from "../../core/job.ts";
import { etaMs, type Stats } from "../../core/job_store.ts";
import type { Counts } from "../../core/queue.ts";
import type { JobTable } from "./job_table.ts";
import { durationOf } from "../job_graph/list.ts";

const HOUR_MS = 3_600_000;
const MAX_DURATIONS = 10_000;

/** As `Queue.counts`. */
export function countJobs(table: JobTable): Required<Counts> {
  const counts = {
    unfinished: 0,
    ready: 0,
    delayed: 0,
    running: 0,
    failed: 0,
    blocked: 0,
    timeout: 0,
    cancelled: 0,
    completed: 0,
  };
  for (const { state, visibleAt } of table.all()) {
    if (!isFinished(state)) counts.unfinished++;
    if (state !== "pending") counts[state]++;
    else counts[visibleAt === undefined ? "ready" : "delayed"]++;
  }
  return counts;
}

/** As `JobStore.stats`. */
export function stats(table: JobTable, now: number): Stats {
  const counts = countJobs(table);
  const lately = table.all().filter(({ finishedAt = -Infinity }) => finishedAt > now - HOUR_MS);
  const completed = lately.filter(({ state }) => state === "completed");
  const [first] = completed.toSorted((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || a.seq - b.seq);
  const since = Math.max(now - HOUR_MS, first?.latest?.startedAt ?? 0);
  const failed = lately.filter(({ state }) => state === "failed" || state === "timeout").length;
  const pending = table.all().filter(({ state }) => state === "pending").map(({ createdAt }) => createdAt);
  return {
    counts,
    total: table.all().length,
    lastHour: { completed: completed.length, failed },
    duration: durationStats(table),
    oldestPendingAt: pending.length > 0 ? pending.reduce((a, b) => Math.min(a, b)) : undefined,
    etaMs: etaMs(counts.unfinished, { completed: completed.length, spanMs: now - since }),
  };
}

function durationStats(table: JobTable): Stats["duration"] {
  const newest = table.all()
    .filter(({ state }) => state === "completed")
    .sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0))
    .slice(0, MAX_DURATIONS);
  const durations = newest.flatMap(({ latest }) => latest ? durationOf(latest) ?? [] : []).sort((a, b) =>
    a - b
  );
  if (durations.length === 0) return undefined;
  /** The least duration that this share of the jobs did not exceed. */
  const quantile = (share: number) => durations[Math.ceil(share * durations.length) - 1] ?? 0;
  return { medianMs: quantile(0.5), p95Ms: quantile(0.95), jobs: durations.length };
}
