import type { Clock } from "../core/clock.ts";
import type { WorkerEvent } from "../core/events.ts";
import type { Queue } from "../core/queue.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import type { Logger } from "../log/logger.ts";
import type { Runner } from "../runner/runner.ts";
import type { GateSettings } from "./gate/gate_settings.ts";
import type { KeepFinished } from "./retention.ts";
import type { DirsyncContext } from "./synced_directory.ts";
import type { WorkerCounts } from "./tally.ts";

export interface WorkerOptions extends DirsyncContext {
  readonly queue: Queue;
  readonly runner: Runner;
  /** Jobs at the same time. Default 1. */
  readonly slots?: number;
  /** How long a job stays ours without a renewal, in ms. Default 10 min. */
  readonly leaseMs?: number;
  /** Leases are renewed while their jobs run; without that, others may take a job that runs longer. Default true. */
  readonly heartbeat?: boolean;
  /** A slot may fail this often in a row; one more and the worker leaves. Default 2; `Infinity` never. */
  readonly maxConsecutiveFailures?: number;
  /** After this the worker interrupts its jobs and leaves, in ms. Default: never. */
  readonly timeLimitMs?: number;
  /** How long to wait at an empty queue before leaving, in ms; `Infinity` waits for ever. Default 0. */
  readonly idleTimeoutMs?: number;
  /** Leave after this many jobs. Default: no limit. */
  readonly maxJobs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** How jobs with a gate are dealt with. */
  readonly gates?: GateSettings;
  /**
   * On a queue that cannot delay a job that is given back, a copy takes the place of one that its gate refuses. Default
   * false: it comes back at once, and the worker pauses instead.
   */
  readonly gateReschedule?: boolean;
  /** The most that the queue keeps of what one execution prints, in bytes; 0 for nothing. Default 10 MiB. */
  readonly maxLogBytes?: number;
  /** Older records of completed and cancelled jobs are removed while the worker runs. Default: all are kept. */
  readonly keepFinished?: KeepFinished;
  /** Default: the host's part of a random name. */
  readonly workerId?: string;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Told of every job; must not throw. */
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** Why a worker left. */
export type LeaveReason =
  | "idle"
  | "drained"
  | "interrupted"
  | "time-limit"
  | "too-many-failures"
  /** The gates of jobs refused it too often in a row. */
  | "not-qualified"
  | "max-jobs";

/** What a worker did, and why it left. */
export interface WorkerSummary extends WorkerCounts {
  readonly reason: LeaveReason;
}
