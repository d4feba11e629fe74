import { resolveParents } from "../../core/resolve_parents.ts";
import { JobRefusedError, UsageError } from "../../core/errors.ts";
import type { JobId, NewJob } from "../../core/job.ts";
import type { EnqueueOptions } from "../../core/queue.ts";
import { randomId } from "../../core/random_id.ts";
import type { Entry, Link } from "./entry.ts";
import type { JobGraph } from "./graph.ts";
import { admit, finishCancelled } from "./life.ts";

/** As `Queue.enqueue`. What can be refused is looked at before anything changes. */
export function push(
  graph: JobGraph,
  jobs: readonly NewJob[],
  { onSkip, now }: Pick<EnqueueOptions, "onSkip"> & { now: number },
): readonly JobId[] {
  const parents = resolveParents(jobs);
  const { skipped, replaced } = lookUpKeys(graph, jobs);
  for (const [index, own] of parents) {
    const unknown = own.find(({ job }) => typeof job === "string" && !graph.get(job));
    if (unknown && !skipped.has(index)) throw refuse(index, `no job has the id "${unknown.job}"`);
  }
  finishCancelled(graph, replaced, { reason: "it was replaced by a later push with its key", now });
  let seq = graph.reserveSeqs(jobs.length - skipped.size);
  const seqs = jobs.map((_, index) => skipped.has(index) ? 0 : seq++);
  const ids = seqs.map((seq, index) => skipped.get(index)?.id ?? `${seq}-${randomId(6)}`);
  const entries = jobs.flatMap((job, index) => {
    if (skipped.has(index)) return [];
    const links = (parents.get(index) ?? []).map(({ job, when }): [JobId, Link] => [
      typeof job === "number" ? ids[job] ?? "" : job,
      { when, isSatisfied: false },
    ]);
    return makeEntry(job, { id: ids[index] ?? "", seq: seqs[index] ?? 0, parents: new Map(links), now });
  });
  for (const entry of entries) graph.add(entry);
  admit(graph, entries, now);
  for (const [index, { id }] of skipped) onSkip?.(index, id);
  return ids;
}

function makeEntry(
  { delayMs = 0, after: _, ...pushed }: NewJob,
  { now, ...entry }: Pick<Entry, "id" | "seq" | "parents"> & { now: number },
): Entry {
  return {
    ...entry,
    // A copy, so that the caller's later changes do not reach the queue.
    pushed: structuredClone(pushed),
    createdAt: now,
    updatedAt: now,
    history: [],
    state: "blocked",
    attempts: 0,
    lostLeases: 0,
    waitMs: delayMs,
  };
}

interface Keyed {
  /** The jobs in whose stead an existing one is answered, by their index. */
  readonly skipped: ReadonlyMap<number, Entry>;
  /** The existing jobs that others take the place of. */
  readonly replaced: readonly Entry[];
}

function lookUpKeys(graph: JobGraph, jobs: readonly NewJob[]): Keyed {
  const skipped = new Map<number, Entry>();
  const replaced: Entry[] = [];
  jobs.forEach(({ key, ifExists }, index) => {
    const existing = ifExists && key !== undefined ? graph.holderOfKey(key) : undefined;
    if (!existing) return;
    if (ifExists === "skip") return void skipped.set(index, existing);
    const taken = `its key "${key}" is taken by job ${existing.id}`;
    if (ifExists === "error") throw refuse(index, taken);
    if (existing.state === "running") throw refuse(index, `${taken}, which is running`);
    if (graph.childrenOf(existing).some(({ state }) => state === "blocked")) {
      throw refuse(index, `${taken}, for which other jobs wait`);
    }
    replaced.push(existing);
  });
  return { skipped, replaced };
}

function refuse(index: number, reason: string): JobRefusedError {
  return new JobRefusedError(index, new UsageError(reason));
}
