import { FINISHED_STATES, isFinished, type JobState } from "../../core/job.ts";
import { etaMs, type Stats } from "../../core/job_store.ts";
import type { Counts } from "../../core/queue.ts";
import type { DirectoryContext } from "./context.ts";
import { type Key, readDelayed, readDone } from "./names.ts";
import { delayedJobs, doneJobs, heldJobs, jobsIn, type Location, readyJobs } from "./places.ts";
import { loadJob } from "./stored_jobs.ts";

const HOUR_MS = 3_600_000;
const MAX_DURATIONS = 10_000;

type Place = "ready" | "delayed" | Exclude<JobState, "pending">;

/** As `Queue.counts`, by the names of the files alone. */
export function countJobs(context: DirectoryContext): Required<Counts> {
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
  for (const place of placesOf(context).values()) {
    counts[place]++;
    if (place === "ready" || place === "delayed" || !isFinished(place)) counts.unfinished++;
  }
  return counts;
}

/** What place each job is in. A job that goes on meanwhile is seen at least in one of its places, unless it goes back. */
function placesOf(context: DirectoryContext): Map<Key, Place> {
  const { files, time } = context;
  const now = time.now();
  const places = new Map<Key, Place>();
  for (const { key } of jobsIn(files, "blocked")) places.set(key, "blocked");
  for (const { key, path } of delayedJobs(files)) {
    const due = readDelayed(nameOf(path))?.due ?? 0;
    places.set(key, due > now ? "delayed" : "ready");
  }
  for (const { key } of readyJobs(files)) places.set(key, "ready");
  for (const location of heldJobs(files)) {
    const place = location.state === "running" ? "running" : placeOnTheWay(context, location);
    if (place !== undefined) places.set(location.key, place);
  }
  for (const state of FINISHED_STATES) for (const { key } of doneJobs(files, state)) places.set(key, state);
  return places;
}

function placeOnTheWay(context: DirectoryContext, location: Location): Place | undefined {
  const entry = loadJob(context, location)?.entry;
  if (entry?.state !== "pending") return entry?.state;
  return entry.visibleAt === undefined ? "ready" : "delayed";
}

/** As `JobStore.stats`. */
export function readStats(context: DirectoryContext): Stats {
  const { files, time } = context;
  const now = time.now();
  const counts = countJobs(context);
  const completed = Array.from(doneJobs(files, "completed"), ({ path }) => readDone(nameOf(path)))
    .flatMap((done) => done ?? []).sort((a, b) => b.finishedAt - a.finishedAt);
  const lately = completed.filter(({ finishedAt }) => finishedAt > now - HOUR_MS);
  const failed = (["failed", "timeout"] as const).flatMap((state) => Array.from(doneJobs(files, state)))
    .filter(({ path }) => (readDone(nameOf(path))?.finishedAt ?? 0) > now - HOUR_MS);
  const first = lately.at(-1);
  const since = Math.max(now - HOUR_MS, first ? first.finishedAt - (first.durationMs ?? 0) : 0);
  const { unfinished, ready, delayed, running, blocked } = counts;
  return {
    counts,
    total: unfinished + FINISHED_STATES.reduce((sum, state) => sum + counts[state], 0),
    lastHour: { completed: lately.length, failed: failed.length },
    duration: durationStats(completed.slice(0, MAX_DURATIONS).flatMap(({ durationMs }) => durationMs ?? [])),
    oldestPendingAt: ready + delayed > 0 ? oldestPending(context) : undefined,
    etaMs: etaMs(ready + delayed + running + blocked, { completed: lately.length, spanMs: now - since }),
  };
}

/** Of all that are pending, the one with the lowest number was pushed first. */
function oldestPending(context: DirectoryContext): number | undefined {
  let oldest: Location | undefined;
  for (const location of jobsIn(context.files, "pending")) {
    if (oldest === undefined || location.key < oldest.key) oldest = location;
  }
  return oldest && loadJob(context, oldest)?.entry.createdAt;
}

function durationStats(durations: readonly number[]): Stats["duration"] {
  const sorted = durations.toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  /** The least duration that this share of the jobs did not exceed. */
  const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { medianMs: quantile(0.5), p95Ms: quantile(0.95), jobs: sorted.length };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
