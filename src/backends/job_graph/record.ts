import type { JobDetails, JobRecord } from "../../core/job_store.ts";
import { type Entry, jobOf } from "./entry.ts";
import type { JobGraph } from "./graph.ts";

/** What callers may know of a job: a copy. */
export function recordOf(entry: Entry): JobRecord {
  const { updatedAt, finishedAt, latest, failure, result, warning, refusals, state, cancelReason } = entry;
  return {
    ...jobOf(entry),
    updatedAt,
    startedAt: latest?.startedAt,
    finishedAt,
    workerId: latest?.workerId,
    exitCode: latest?.exitCode,
    signal: latest?.signal,
    failure: structuredClone(failure),
    result: structuredClone(result),
    warning,
    refusals: structuredClone(refusals),
    isStopping: state === "running" && cancelReason !== undefined,
  };
}

/** The same with its relations and its history. */
export function detailsOf(graph: JobGraph, entry: Entry): JobDetails {
  return {
    ...recordOf(entry),
    parents: Array.from(entry.parents, ([id, link]) => ({ id, ...link, state: graph.get(id)?.state })),
    children: graph.childrenOf(entry).map(({ id }) => id),
    history: structuredClone(entry.history),
  };
}
