import { UsageError } from "../../core/errors.ts";
import { isFinished, JOB_STATES, type JobId, type JobState } from "../../core/job.ts";
import type { JobRecord } from "../../core/job_store.ts";
import type { Progress, ProgressSource } from "../../core/wait.ts";
import { recordOf } from "../job_graph/record.ts";
import { countJobs } from "./census.ts";
import type { DirectoryContext } from "./context.ts";
import { keyOfId, readDone } from "./names.ts";
import { doneJobs, locate, type Location } from "./places.ts";
import { findJobs } from "./records.ts";
import { loadJob } from "./stored_jobs.ts";

/** How many jobs are shown to those who waited for all. */
const MAX_SHOWN = 100;

/** How long is waited between two looks: longer and longer, in ms. */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 500;

/** A job that goes back while the others are counted is not seen: that there is none is believed when seen twice. */
const LOOKS = 2;

/** So many jobs are found sooner by looking at all. */
const MANY = 64;

/** What `JobStore.wait` rests on. */
export function progressSource(context: DirectoryContext): ProgressSource {
  let pauseMs = MIN_PAUSE_MS;
  let last = "";
  return {
    clock: context.clock,
    // deno-lint-ignore require-await -- throwing must become a rejection
    progress: async (which) => {
      const found = which === "all" ? progressOfAll(context) : progressOf(context, which);
      pauseMs = JSON.stringify(found) === last ? Math.min(1.5 * pauseMs, MAX_PAUSE_MS) : MIN_PAUSE_MS;
      last = JSON.stringify(found);
      return found;
    },
    nextChange: (limitMs, signal) => context.clock.sleep(Math.min(pauseMs, limitMs), signal),
    // deno-lint-ignore require-await -- throwing must become a rejection
    jobs: async (which) =>
      which === "all" ? lastNotCompleted(context) : which.map((id) => recordFor(context, id)),
  };
}

function progressOfAll(context: DirectoryContext): Progress {
  for (let look = 1;; look++) {
    const { unfinished, completed, failed = 0, timeout = 0, cancelled = 0 } = countJobs(context);
    if (unfinished > 0 || look === LOOKS) {
      return { completed, notCompleted: failed + timeout + cancelled, unfinished };
    }
  }
}

function progressOf(context: DirectoryContext, ids: readonly JobId[]): Progress {
  const progress = { completed: 0, notCompleted: 0, unfinished: 0 };
  const all = ids.length > MANY ? findJobs(context, JOB_STATES) : undefined;
  for (const id of ids) {
    const key = keyOfId(id);
    const location = key && (all?.get(key) ?? locate(context.files, key));
    if (!location) throw new UsageError(`no job has the id "${id}"`);
    const state = stateOf(context, location);
    if (state === "completed") progress.completed++;
    else if (isFinished(state)) progress.notCompleted++;
    else progress.unfinished++;
  }
  return progress;
}

/** Of one that is on its way, or is run by a worker that has said what came of it, the file tells. */
function stateOf(context: DirectoryContext, location: Location): JobState {
  const { holder, state = "running" } = location;
  return holder === undefined ? state : loadJob(context, location)?.entry.state ?? "running";
}

function recordFor(context: DirectoryContext, id: JobId): JobRecord {
  const key = keyOfId(id);
  for (let tries = 0; key !== undefined && tries < 3; tries++) {
    const location = locate(context.files, key);
    const entry = location && loadJob(context, location, { maxResultBytes: Infinity })?.entry;
    if (entry !== undefined) return recordOf(entry);
  }
  throw new UsageError(`no job has the id "${id}"`);
}

/** The last to finish comes first. */
function lastNotCompleted(context: DirectoryContext): JobRecord[] {
  return (["failed", "timeout", "cancelled"] as const)
    .flatMap((state) => Array.from(doneJobs(context.files, state)))
    .map((location) => ({ location, at: readDone(location.path.split("/").at(-1) ?? "")?.finishedAt ?? 0 }))
    .sort((a, b) => b.at - a.at || (a.location.key < b.location.key ? 1 : -1))
    .slice(0, MAX_SHOWN)
    .flatMap(({ location }) => {
      const entry = loadJob(context, location)?.entry;
      return entry ? [recordOf(entry)] : [];
    });
}
