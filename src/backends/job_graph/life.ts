import { verdictOn, violationReason } from "../../core/dependency.ts";
import type { Failure } from "../../core/failure.ts";
import { addRefusal, type NewRefusal } from "../../core/gate.ts";
import type { FinishedState, JobId } from "../../core/job.ts";
import type { ExecutionOutcome } from "../../core/job_store.ts";
import { MAX_LOST_LEASES, poisonFailure } from "../../core/queue.ts";
import type { Entry, ExecutionEntry } from "./entry.ts";
import type { JobGraph } from "./graph.ts";

/** How a job ends. */
export interface Ending {
  readonly state: FinishedState;
  readonly failure?: Failure;
  /** The parent because of which it is cancelled. */
  readonly cause?: JobId;
  readonly now: number;
}

/**
 * Ends jobs. Of those that wait for them, some become pending, and some are cancelled, which ends them too.
 *
 * @returns how many were cancelled
 */
export function finish(graph: JobGraph, entries: readonly Entry[], ending: Ending): number {
  for (const entry of entries) end(entry, ending);
  return tellChildren(graph, entries, ending.now) - entries.length;
}

/** Why a job is cancelled when nobody said it. */
export const NO_REASON = "it was cancelled";

/** Ends jobs because somebody wants so; answers how many others were cancelled with them. */
export function finishCancelled(
  graph: JobGraph,
  entries: readonly Entry[],
  { reason, now }: { reason: string; now: number },
): number {
  const failure: Failure = { kind: "cancelled", message: reason, at: now };
  return finish(graph, entries, { state: "cancelled", failure, now });
}

/** Gives blocked jobs, which are new or were requeued, the state that their parents leave them. */
export function admit(graph: JobGraph, entries: readonly Entry[], now: number): void {
  for (const entry of entries) {
    for (const id of entry.parents.keys()) {
      const parent = graph.get(id);
      if (parent) hear(entry, parent, now);
    }
    unblockIfFree(entry, now);
  }
  tellChildren(graph, entries.filter(({ state }) => state === "cancelled"), now);
}

/** Makes a job wait for a worker, after `waitMs`. */
export function makePending(entry: Entry, waitMs: number, now: number): void {
  entry.state = "pending";
  entry.updatedAt = now;
  entry.waitMs = waitMs;
  entry.visibleAt = waitMs > 0 ? now + waitMs : undefined;
}

/** A worker was not heard of again. A job that does this to its workers is put aside, which ends it. */
export function loseExecution(graph: JobGraph, entry: Entry, now: number): void {
  endExecution(entry, "lost", { now });
  entry.lostLeases++;
  if (entry.lostLeases < MAX_LOST_LEASES) return;
  entry.attempts++;
  finish(graph, [entry], { state: "failed", failure: poisonFailure(entry.lostLeases, now), now });
}

/** Begins an execution, which takes the place of one that a gate refused, unless the job was requeued since. */
export function beginExecution(
  entry: Entry,
  { startedAt, workerId }: Pick<ExecutionEntry, "startedAt" | "workerId">,
): void {
  if (entry.latest?.outcome === "gated") entry.history.pop();
  entry.latest = { number: entry.history.length + 1, workerId, startedAt, outcome: "running" };
  entry.history.push(entry.latest);
}

/** The job's gate keeps the worker that has it from running it. */
export function refuseExecution(entry: Entry, refusal: NewRefusal, now: number): void {
  endExecution(entry, "gated", { now, error: refusal.reason });
  entry.refusals = addRefusal(entry.refusals, refusal);
}

/** Takes a job out of its worker's hands, the execution having come to its end. */
export function endExecution(
  entry: Entry,
  outcome: Exclude<ExecutionOutcome, "running">,
  { now, ...found }: { now: number } & Pick<ExecutionEntry, "exitCode" | "signal" | "error" | "output">,
): void {
  const { latest } = entry;
  // A clock that was set back must not make it end before it began.
  if (latest) Object.assign(latest, { outcome, endedAt: Math.max(now, latest.startedAt), ...found });
  entry.hold = undefined;
}

/** Tells the children of finished jobs, and the children of those that this cancels; answers how many jobs that were. */
export function tellChildren(graph: JobGraph, entries: readonly Entry[], now: number): number {
  const finished = [...entries];
  for (const parent of finished) {
    for (const child of graph.childrenOf(parent)) {
      const before = child.state;
      hear(child, parent, now);
      unblockIfFree(child, now);
      if (before === "blocked" && child.state === "cancelled") finished.push(child);
    }
  }
  graph.changed();
  return finished.length;
}

/** What the state of a parent means for a child that waits for it, or could be made to again. */
export function hear(child: Entry, parent: Entry, now: number): void {
  const link = child.parents.get(parent.id);
  if (!link || (child.state !== "blocked" && child.state !== "cancelled")) return;
  const verdict = verdictOn(parent.state, link.when);
  link.isSatisfied = verdict === "satisfied";
  if (child.state === "blocked" && verdict === "violated") {
    const message = violationReason(parent.id, parent.state);
    end(child, {
      state: "cancelled",
      failure: { kind: "cancelled", message, at: now },
      cause: parent.id,
      now,
    });
  }
}

function unblockIfFree(entry: Entry, now: number): void {
  if (entry.state !== "blocked") return;
  for (const { isSatisfied } of entry.parents.values()) if (!isSatisfied) return;
  const { createdAt, waitMs } = entry;
  makePending(entry, Math.min(waitMs, Math.max(0, createdAt + waitMs - now)), now);
}

function end(entry: Entry, { state, failure, cause, now }: Ending): void {
  Object.assign(entry, {
    state,
    failure,
    cause,
    updatedAt: now,
    finishedAt: Math.max(now, entry.latest?.startedAt ?? now),
    visibleAt: undefined,
    hold: undefined,
    cancelReason: undefined,
  });
}
