import type { FinishedState, JobId, JobState } from "../../core/job.ts";
import type { PruneOptions, PruneResult } from "../../core/job_store.ts";
import { uniqueKeyOf } from "../job_graph/entry.ts";
import type { DirectoryContext } from "./context.ts";
import { childrenDirectory, type DoneName, idOfKey, keyOfId, pageOf, readDone } from "./names.ts";
import { doneJobs, jobsIn, locate, type Location } from "./places.ts";
import { childKeys, forgetUniqueKey, hasChildren, removeEdge, removeEdges } from "./relations.ts";
import { loadJob, take } from "./stored_jobs.ts";

interface DoneJob {
  readonly location: Location;
  readonly state: FinishedState;
  readonly name: DoneName;
}

/** As `JobStore.prune`. */
export async function pruneJobs(
  context: DirectoryContext,
  { states = ["completed", "cancelled"], finishedBefore = Infinity, keepNewest = 0, dryRun = false, signal }:
    PruneOptions,
): Promise<PruneResult> {
  const finished = states.flatMap((state) => doneOf(context, state));
  finished.sort((a, b) => b.name.finishedAt - a.name.finishedAt || (a.name.key < b.name.key ? 1 : -1));
  const old = finished.slice(keepNewest).filter(({ name }) => name.finishedAt < finishedBefore);
  const oldIds = new Set(old.map(({ name }) => idOfKey(name.key)));
  const removable = old.filter((job) => !isNeeded(context, job, oldIds));
  if (!dryRun) {
    for (const { location } of removable) {
      if (signal?.aborted) break;
      removeJob(context, location);
    }
    await context.logs.remove(removable.map(({ name }) => idOfKey(name.key)));
  }
  return { removed: removable.length, needed: old.length - removable.length };
}

function doneOf({ files }: DirectoryContext, state: FinishedState): DoneJob[] {
  return Array.from(doneJobs(files, state)).flatMap((location) => {
    const name = readDone(location.path.slice(location.path.lastIndexOf("/") + 1));
    return name ? [{ location, state, name }] : [];
  });
}

/** Whether a job that is not completed may still want this one's result. */
function isNeeded(context: DirectoryContext, { state, name }: DoneJob, old: ReadonlySet<JobId>): boolean {
  if (state !== "completed" || !hasChildren(context.files, name.key)) return false;
  return childKeys(context.files, name.key).some((child) => {
    if (old.has(idOfKey(child))) return false;
    const location = locate(context.files, child);
    const entry = location && loadJob(context, location)?.entry;
    return entry !== undefined && entry.state !== "completed";
  });
}

/** Removes a job's file with all that was kept because of it, its logs excepted. @returns whether it was there */
export function removeJob(context: DirectoryContext, { key, path }: Location): boolean {
  const { files } = context;
  // A removal that the file server was asked for twice does not tell whether it worked; a rename does.
  const own = take(context, { key, path, state: undefined });
  if (own === undefined) return false;
  const entry = loadJob(context, { key, path: own, state: undefined })?.entry;
  files.remove(own);
  removeEdges(files, key);
  for (const id of entry?.parents.keys() ?? []) {
    const parent = keyOfId(id);
    if (parent !== undefined) removeEdge(files, parent, key);
  }
  const unique = entry && uniqueKeyOf(entry);
  if (unique !== undefined) forgetUniqueKey(files, unique, key);
  const results = `results/${pageOf(key)}`;
  for (const name of files.names(results)) {
    if (name.startsWith(`${key}.`)) files.remove(`${results}/${name}`);
  }
  removeEmptyAbove(context, path);
  removeEmptyAbove(context, `${results}/`);
  removeEmptyAbove(context, childrenDirectory(key));
  return true;
}

/** Removes the directories of a page and a group, when nothing is in them any more. */
function removeEmptyAbove({ files, sequence }: DirectoryContext, path: string): void {
  const directory = path.slice(0, path.lastIndexOf("/"));
  const page = directory.split("/").slice(-2).join("/");
  if (!sequence.isPast(page) || !files.removeIfEmpty(directory)) return;
  files.removeIfEmpty(directory.slice(0, directory.lastIndexOf("/")));
}

/** As `Queue.purge`: jobs that wait, also for others. */
export function removeWaiting(context: DirectoryContext, signal: AbortSignal | undefined): number {
  const waiting: readonly JobState[] = ["blocked", "pending"];
  let removed = 0;
  for (const location of waiting.flatMap((state) => Array.from(jobsIn(context.files, state)))) {
    signal?.throwIfAborted();
    if (removeJob(context, location)) removed++;
  }
  return removed;
}
