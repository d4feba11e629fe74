import type { JobId, JobState } from "../../core/job.ts";
import type { Entry } from "./entry.ts";

/** The jobs of a queue and what they have to do with each other, as the rules of this folder see them. */
export interface JobGraph {
  get(id: JobId): Entry | undefined;
  /** The jobs that wait, or waited, for this one. */
  childrenOf(entry: Entry): readonly Entry[];
  /** The unfinished job that has the key. */
  holderOfKey(key: string): Entry | undefined;
  /** In the order in which they were pushed. */
  inStates(states: readonly JobState[]): readonly Entry[];
  /** The first of as many numbers for new jobs, which follow each other. */
  reserveSeqs(count: number): number;
  add(entry: Entry): void;
  /** Has a running job stopped by its worker. */
  requestStop(entry: Entry, reason: string): void;
  /** Told after each change. */
  changed(): void;
}
