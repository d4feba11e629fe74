import { verdictOn, violationReason } from "../../core/dependency.ts";
import type { JobId } from "../../core/job.ts";
import type { RefusedJob, RequeueResult, RequeueSelection } from "../../core/job_store.ts";
import { type Entry, uniqueKeyOf } from "./entry.ts";
import type { JobGraph } from "./graph.ts";
import { admit, hear } from "./life.ts";

/** As `JobStore.requeue`. */
export function requeue(graph: JobGraph, which: RequeueSelection, now: number): RequeueResult {
  const { asked, refused } = select(graph, which);
  const returning = withCancelledChildren(graph, asked);
  // Who is held back holds back others, so that all have to be looked at again until nothing changes.
  for (let before = -1; before !== returning.size;) {
    before = returning.size;
    for (const entry of returning) {
      const reason = obstacleOf(graph, entry, returning);
      if (reason === undefined) continue;
      returning.delete(entry);
      if (asked.includes(entry)) refused.push({ id: entry.id, reason });
    }
  }
  bringBack(graph, [...returning], now);
  const requeued = asked.filter((entry) => returning.has(entry)).length;
  return { requeued, children: returning.size - requeued, refused };
}

function select(graph: JobGraph, which: RequeueSelection): { asked: Entry[]; refused: RefusedJob[] } {
  if ("states" in which) {
    return {
      asked: [...graph.inStates(which.states)],
      refused: [],
    };
  }
  const asked: Entry[] = [];
  const refused: RefusedJob[] = [];
  for (const id of new Set<JobId>(which)) {
    const entry = graph.get(id);
    const reason = whyNot(entry);
    if (entry && reason === undefined) asked.push(entry);
    else refused.push({ id, reason: reason ?? "" });
  }
  return { asked, refused };
}

function whyNot(entry: Entry | undefined): string | undefined {
  switch (entry?.state) {
    case undefined:
      return "is not a job of this queue";
    case "blocked":
    case "pending":
      return "is waiting already";
    case "running":
      return entry.cancelReason === undefined
        ? "is running; cancel it first"
        : "is being stopped; wait for its end";
    case "completed":
      return "is completed";
    default:
      return undefined;
  }
}

/** The jobs, and those that were cancelled because of a parent and have one among them. */
function withCancelledChildren(graph: JobGraph, asked: readonly Entry[]): Set<Entry> {
  const found = new Set(asked);
  for (const parent of found) {
    for (const child of graph.childrenOf(parent)) if (child.cause !== undefined) found.add(child);
  }
  return found;
}

/** Why a job cannot go back together with the others. */
function obstacleOf(graph: JobGraph, entry: Entry, returning: ReadonlySet<Entry>): string | undefined {
  for (const [id, { when, isSatisfied }] of entry.parents) {
    const parent = graph.get(id);
    if (!parent && !isSatisfied) return `its parent ${id} was removed`;
    if (!parent || returning.has(parent) || verdictOn(parent.state, when) !== "violated") continue;
    const reason = violationReason(id, parent.state);
    return parent.state === "completed" ? reason : `${reason}; requeue that`;
  }
  const key = uniqueKeyOf(entry);
  if (key === undefined) return undefined;
  const holder = graph.holderOfKey(key) ?? [...returning].find((other) => uniqueKeyOf(other) === key);
  return holder && holder !== entry ? `its key is taken by ${holder.id}` : undefined;
}

function bringBack(graph: JobGraph, entries: readonly Entry[], now: number): void {
  for (const entry of entries) {
    Object.assign(entry, {
      state: "blocked",
      updatedAt: now,
      attempts: 0,
      lostLeases: 0,
      waitMs: 0,
      latest: undefined,
      failure: undefined,
      cause: undefined,
      finishedAt: undefined,
      result: undefined,
      warning: undefined,
    });
  }
  for (const entry of entries) for (const child of graph.childrenOf(entry)) hear(child, entry, now);
  admit(graph, entries, now);
}
