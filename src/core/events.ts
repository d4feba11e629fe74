import type { Job } from "./job.ts";
import type { Outcome, Settlement } from "./outcome.ts";

/** What a worker tells whoever watches it: of each job that it started its end, and of others that they were refused. */
export type WorkerEvent =
  | { readonly kind: "job-started"; readonly job: Job; readonly slot: number }
  | {
    readonly kind: "job-settled";
    readonly job: Job;
    readonly slot: number;
    readonly outcome: Outcome;
    readonly settlement: Settlement;
    readonly durationMs: number;
  }
  /** Its gate keeps this worker from running it; it was given back. */
  | { readonly kind: "job-refused"; readonly job: Job; readonly slot: number; readonly reason: string }
  /** This machine cannot run jobs; it was given back. */
  | { readonly kind: "job-not-run"; readonly job: Job; readonly slot: number }
  /** The lease was lost; the job is somebody else's. */
  | { readonly kind: "job-lost"; readonly job: Job; readonly slot: number }
  /** The queue could not be told what came of the job; it will run again. */
  | { readonly kind: "job-unsettled"; readonly job: Job; readonly slot: number };
