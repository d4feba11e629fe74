import { formatDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import type { JobId, JobState } from "../core/job.ts";
import type { JobDetails, ParentRecord } from "../core/job_store.ts";
import type { Queue } from "../core/queue.ts";
import { isAlive, type WorkerInfo } from "../core/workers.ts";
import { plural } from "./confirm.ts";
import { age, localTime, timeAndDistance } from "./time_text.ts";

/** What a reason is made of besides the job. */
export interface Surroundings {
  readonly now: number;
  /** How many pending jobs are before it. */
  readonly position?: number;
  /** Of the queue, oldest first. */
  readonly workers: readonly WorkerInfo[];
}

/** Parents that are named, at most. */
const SHOWN = 3;

/** Why a job is where it is. @throws {UsageError} when it is not there any more */
export async function explain(queue: Queue, id: JobId): Promise<{ state: JobState; reason: string }> {
  const details = await queue.get(id);
  if (details === undefined) throw new UsageError(`Cannot explain "${id}": it was removed just now`);
  const { state } = details;
  const reason = reasonOf(details, {
    now: Date.now(),
    position: state === "pending" ? await queue.position(id) : undefined,
    workers: state === "pending" || state === "running" ? await queue.workers.list() : [],
  });
  return { state, reason };
}

/** Why a job is where it is: one sentence that goes on after its id. */
export function reasonOf(job: JobDetails, around: Surroundings): string {
  const { state, failure, finishedAt = job.updatedAt } = job;
  const when = timeAndDistance(finishedAt, around.now);
  const attempt = `in attempt ${job.attempts} of ${job.maxAttempts}`;
  const because = failure === undefined ? "" : `: ${failure.message}`;
  switch (state) {
    case "blocked":
      return waitsFor(job.parents.filter(({ isSatisfied }) => !isSatisfied));
    case "pending":
      return pendingReason(job, around);
    case "running":
      return runningReason(job, around);
    case "completed":
      return `completed at ${when}`;
    case "failed":
      return `failed at ${when} ${attempt}${because}`;
    case "timeout":
      return `ran out of time at ${when} ${attempt}${because}`;
    case "cancelled":
      return `was cancelled at ${when}${because}`;
    default:
      return state satisfies never;
  }
}

const TO_COME = { ok: "to complete", any: "to finish", failed: "to fail" } as const;

function waitsFor(parents: readonly ParentRecord[]): string {
  const named = parents.slice(0, SHOWN).map(({ id, state = "removed" }) => `${id} (${state})`);
  const hidden = parents.length - named.length;
  const all = [...named, ...hidden > 0 ? [`${hidden} more`] : []];
  const text = all.length > 1 ? `${all.slice(0, -1).join(", ")} and ${all.at(-1)}` : all.join();
  const conditions = new Set(parents.map(({ when }) => when));
  const [when = "any"] = conditions;
  return `waits for ${text} ${TO_COME[conditions.size === 1 ? when : "any"]}`;
}

function pendingReason(job: JobDetails, { now, position = 0, workers }: Surroundings): string {
  const { visibleAt = now, failure } = job;
  const refused = refusedText(job);
  if (visibleAt > now) {
    if (refused !== undefined) {
      return `waits until ${timeAndDistance(visibleAt, now)} for another worker: ${refused}`;
    }
    return failure === undefined
      ? `is delayed until ${timeAndDistance(visibleAt, now)}`
      : `waits until ${
        timeAndDistance(visibleAt, now)
      } for its next attempt, as the last one failed: ${failure.message}`;
  }
  const place = position === 0 ? "is next" : `is behind ${plural(position, "job")}`;
  return `${place}, ${whoTakesIt(workers, now)}${refused === undefined ? "" : `; ${refused}`}`;
}

/** On which workers the gate refused the job, if that is the last that happened to it. */
function refusedText({ refusals = [], history }: JobDetails): string | undefined {
  const last = refusals.at(-1);
  if (last === undefined || history.at(-1)?.outcome !== "gated") return undefined;
  const named = refusals.slice(-SHOWN).toReversed().map(({ workerId, host }) => `${workerId} (${host})`);
  const hidden = refusals.length - named.length;
  const all = [...named, ...hidden > 0 ? [`${hidden} more`] : []].join(", ");
  return `its gate refused it on ${all}; the last time: ${last.reason}`;
}

/** Whether a worker may take further jobs: it lives, stays, and is not there for one job only. */
export function takesJobs(worker: WorkerInfo, now: number): boolean {
  return isAlive(worker, now) && worker.stop === undefined && worker.slots > 0;
}

function whoTakesIt(workers: readonly WorkerInfo[], now: number): string {
  const all = workers.filter(({ slots }) => slots > 0);
  if (all.length === 0) return "and no worker is on this queue";
  if (!all.some((worker) => isAlive(worker, now))) {
    const seenAt = Math.max(...all.map(({ beatAt }) => beatAt));
    return `and no worker was seen for ${age(seenAt, now)}`;
  }
  const takers = all.filter((worker) => takesJobs(worker, now));
  if (takers.length === 0) return "and the workers of this queue were asked to leave";
  const slots = takers.reduce((sum, worker) => sum + worker.slots, 0);
  const busy = takers.reduce((sum, { jobs }) => sum + jobs.length, 0);
  const free = slots - busy;
  if (free > 0) return `and ${plural(free, "slot")} ${free === 1 ? "is" : "are"} free`;
  return slots === 1 ? "and the only slot is busy" : `and all ${slots} slots are busy`;
}

function runningReason(job: JobDetails, { now, workers }: Surroundings): string {
  const { workerId = "an unknown worker", startedAt = job.updatedAt, visibleAt = Infinity, failure } = job;
  const worker = workers.find(({ id }) => id === workerId);
  if (visibleAt <= now) {
    return `was run by ${workerId}, whose lease ended at ${
      timeAndDistance(visibleAt, now)
    }: the next free worker ${job.isStopping ? "sees to it that it is cancelled" : "takes it over"}`;
  }
  const where = worker === undefined ? workerId : `${workerId} (${worker.host}, process ${worker.pid})`;
  const runs = `runs on ${where} since ${localTime(startedAt)} (${
    formatDuration(Math.max(0, now - startedAt))
  })`;
  const lease = `another worker takes the job when its lease ends, at ${timeAndDistance(visibleAt, now)}`;
  if (worker === undefined) return `${runs}, which is not on this queue any more: ${lease}`;
  if (worker.isGone) return `${runs}, whose process is gone: the next worker that looks takes the job`;
  if (!isAlive(worker, now)) {
    return `${runs}, which has not been heard of for ${age(worker.beatAt, now)}: ${lease}`;
  }
  return job.isStopping ? `${runs}, and is being stopped${failure ? `: ${failure.message}` : ""}` : runs;
}
