import { CycleError, JobRefusedError, UsageError } from "./errors.ts";
import type { After, JobId, NewJob, ParentCondition } from "./job.ts";

/** A parent of a pushed job: a job on the queue by its id, or one of the same push by its index. */
export interface Parent {
  readonly job: JobId | number;
  readonly when: ParentCondition;
}

/**
 * Looks up the keys of a push and makes sure that its jobs do not wait for each other in a circle. Since a new job
 * can only wait for jobs that are there already, this is the only way in which a circle could come about.
 *
 * @returns the parents of each job that has some, each parent once
 * @throws {JobRefusedError} for a key that no job or several have, or a parent under two conditions; {CycleError}
 */
export function resolveParents(jobs: readonly NewJob[]): ReadonlyMap<number, readonly Parent[]> {
  const keys = new Map<string, number>();
  jobs.forEach(({ key }, index) => {
    if (key === undefined) return;
    if (keys.has(key)) throw refuse(index, `another job of this push has its key "${key}"`);
    keys.set(key, index);
  });
  const parents = new Map<number, readonly Parent[]>();
  jobs.forEach(({ after = [] }, index) => {
    if (after.length > 0) parents.set(index, parentsOf(after, keys, index));
  });
  const cycle = findCycle(parents);
  if (cycle !== undefined) throw new CycleError(cycle);
  return parents;
}

function parentsOf(after: readonly After[], keys: ReadonlyMap<string, number>, index: number): Parent[] {
  const conditions = new Map<JobId | number, ParentCondition>();
  for (const entry of after) {
    const { when = "ok" } = entry;
    const job = "job" in entry ? entry.job : keys.get(entry.key);
    const name = "job" in entry ? entry.job : entry.key;
    if (job === undefined) {
      throw refuse(index, `it is to run after "${name}", and no job of this push has that key`);
    }
    if ((conditions.get(job) ?? when) !== when) {
      throw refuse(index, `it is to run after "${name}" under two conditions`);
    }
    conditions.set(job, when);
  }
  return Array.from(conditions, ([job, when]) => ({ job, when }));
}

function refuse(index: number, reason: string): JobRefusedError {
  return new JobRefusedError(index, new UsageError(reason));
}

/** Jobs of the push that wait for each other in a circle, each for the next; undefined when there are none. */
function findCycle(parents: ReadonlyMap<number, readonly Parent[]>): readonly number[] | undefined {
  const cleared = new Set<number>();
  for (const start of parents.keys()) {
    // The way from the start, with what is still to be looked at of each job on it: deep chains would overflow a recursion.
    const way: { readonly job: number; readonly rest: number[] }[] = [];
    const onWay = new Map<number, number>();
    const enter = (job: number) => {
      onWay.set(job, way.length);
      way.push({
        job,
        rest: (parents.get(job) ?? []).flatMap((parent) => typeof parent.job === "number" ? parent.job : []),
      });
    };
    if (!cleared.has(start)) enter(start);
    for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        cleared.add(top.job);
        onWay.delete(top.job);
        way.pop();
        continue;
      }
      const seen = onWay.get(next);
      if (seen !== undefined) return way.slice(seen).map(({ job }) => job);
      if (!cleared.has(next)) enter(next);
    }
  }
  return undefined;
}
