import { FINISHED_STATES, type Job, JOB_STATES, type JobId, type JobState } from "../../core/job.ts";
import type { JobDetails, JobRecord, ListOptions } from "../../core/job_store.ts";
import { byPlace, type Entry, jobOf } from "../job_graph/entry.ts";
import { selectJobs } from "../job_graph/list.ts";
import { detailsOf, recordOf } from "../job_graph/record.ts";
import type { DirectoryContext } from "./context.ts";
import { idOfKey, type Key, keyOfId, readDelayed, seqOfKey } from "./names.ts";
import { delayedJobs, heldJobs, jobsIn, locate, type Location, readyJobs } from "./places.ts";
import { loadJob } from "./stored_jobs.ts";
import { DirectoryGraph } from "./transaction.ts";

/** Larger results are shown only with their job. */
const MAX_LISTED_RESULT_BYTES = 1024 * 1024;

/** As `JobStore.get`. */
export function getJob(context: DirectoryContext, id: JobId): JobDetails | undefined {
  const key = keyOfId(id);
  // Between being found and being read, it may have gone on.
  for (let tries = 0; key !== undefined && tries < 3; tries++) {
    const location = locate(context.files, key);
    if (location === undefined) return undefined;
    const entry = loadJob(context, location, { maxResultBytes: Infinity })?.entry;
    if (entry !== undefined && entry.id === id) return detailsOf(new DirectoryGraph(context), entry);
  }
  return undefined;
}

/** As `JobStore.list`. */
export function listJobs(
  context: DirectoryContext,
  { states = JOB_STATES, ...options }: ListOptions,
): readonly JobRecord[] {
  const { sort = "created", reverse = false, limit = Infinity, name } = options;
  const locations = Array.from(findJobs(context, states).values());
  locations.sort((a, b) => (reverse ? 1 : -1) * (seqOfKey(a.key) - seqOfKey(b.key)));
  const entries: Entry[] = [];
  for (const location of locations) {
    // In the order of their numbers, those that come later need not be read.
    if (sort === "created" && name === undefined && entries.length >= limit) break;
    const entry = loadJob(context, location, { maxResultBytes: MAX_LISTED_RESULT_BYTES })?.entry;
    if (entry !== undefined && states.includes(entry.state)) entries.push(entry);
  }
  return selectJobs(entries, { ...options, states }).map(recordOf);
}

/** As `JobStore.findIds`; the first pushed come first. */
export function findIds(context: DirectoryContext, text: string, limit: number): JobId[] {
  if (text === "") return [];
  const exact = exactIds(context, text);
  if (exact.length > 0) return exact.slice(0, limit);
  const keys = Array.from(findJobs(context, JOB_STATES).keys()).sort();
  return keys.map(idOfKey).filter((id) => id.startsWith(text)).slice(0, limit);
}

function exactIds(context: DirectoryContext, text: string): JobId[] {
  const key = keyOfId(text);
  if (key !== undefined) return locate(context.files, key) === undefined ? [] : [idOfKey(key)];
  if (!/^[1-9]\d{0,14}$/.test(text)) return [];
  const seq = Number(text);
  const found = Array.from(findJobs(context, JOB_STATES).keys()).filter((key) => seqOfKey(key) === seq);
  return found.sort().map(idOfKey);
}

/** As `JobStore.position`: those whose time is still to come are after all others. */
export function positionOf(context: DirectoryContext, id: JobId): number | undefined {
  const place = inLine(context).findIndex((location) => idOfKey(location.key) === id);
  return place < 0 ? undefined : place;
}

/** As `Queue.peek`. */
export function peekJobs(context: DirectoryContext, limit: number): readonly Job[] {
  const jobs: Job[] = [];
  for (const location of inLine(context)) {
    if (jobs.length >= limit) break;
    const entry = loadJob(context, location)?.entry;
    if (entry?.state === "pending") jobs.push(jobOf(entry));
  }
  return jobs;
}

/** The pending jobs in the order in which they will be leased. */
function inLine(context: DirectoryContext): Location[] {
  const { files, time } = context;
  const now = time.now();
  const ready = Array.from(readyJobs(files));
  const later: (Location & { readonly due: number })[] = [];
  const due: Location[] = [];
  for (const location of delayedJobs(files)) {
    const name = readDelayed(location.path.slice(location.path.lastIndexOf("/") + 1));
    if (name === undefined) continue;
    if (name.due <= now) due.push(location);
    else later.push({ ...location, due: name.due });
  }
  later.sort((a, b) => a.due - b.due || (a.key < b.key ? -1 : 1));
  return [...due.length > 0 ? merged(context, ready, due) : ready, ...later];
}

/** Jobs whose time has come, but which nobody has moved yet, among those that are ready. */
function merged(context: DirectoryContext, ready: readonly Location[], due: readonly Location[]): Location[] {
  const known = [...ready, ...due].flatMap((location) => {
    const entry = loadJob(context, location)?.entry;
    return entry ? [{ location, entry }] : [];
  });
  return known.sort((a, b) => byPlace(a.entry, b.entry)).map(({ location }) => location);
}

/** Where the jobs of some states are, by their keys. Those on their way, which may be in any state, are among them. */
export function findJobs({ files }: DirectoryContext, states: readonly JobState[]): Map<Key, Location> {
  const found = new Map<Key, Location>();
  const add = (locations: Iterable<Location>) => {
    for (const location of locations) found.set(location.key, location);
  };
  // In the order of a job's life: of one that goes on meanwhile, the later place counts.
  if (states.includes("blocked")) add(jobsIn(files, "blocked"));
  if (states.includes("pending")) add(jobsIn(files, "pending"));
  add(heldJobs(files));
  for (const state of FINISHED_STATES) if (states.includes(state)) add(jobsIn(files, state));
  return found;
}
