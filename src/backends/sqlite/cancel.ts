import type { Failure } from "../../core/failure.ts";
import { isFinished, type JobId, type JobState } from "../../core/job.ts";
import type { CancelResult, RefusedJob } from "../../core/job_store.ts";
import { formatJobId, parseJobId } from "../numbered_id.ts";
import { settleChildren } from "./children.ts";
import type { Connection } from "./connection.ts";
import type { QueueContext } from "./context.ts";
import { archiveExecution } from "./history.ts";

const FIND = "SELECT seq, suffix, state, visible_at FROM jobs WHERE seq = ? AND suffix = ? AND queue_id = ?";

const CANCEL = `
  UPDATE jobs SET state = 'cancelled', failure = :failure, finished_at = :now, visible_at = NULL,
    lease_token = NULL, cancel_reason = NULL, cancel_cause = NULL
  WHERE seq = :seq AND finished_at IS NULL RETURNING has_children`;

const ASK_TO_STOP =
  "UPDATE jobs SET cancel_reason = coalesce(cancel_reason, ?), updated_at = ? WHERE seq = ?";

interface FoundJob {
  readonly seq: number;
  readonly suffix: string;
  readonly state: JobState;
  readonly visible_at: number | null;
}

/** Whether a worker holds the job. One whose lease has ended may be gone, and nobody else may ever come to take the job. */
function isHeld({ state, visible_at }: FoundJob, takeoverBefore: number): boolean {
  return state === "running" && visible_at !== null && visible_at > takeoverBefore;
}

/** Why a finished job cannot be cancelled; goes on after its id. */
const REASONS = {
  completed: "is completed",
  failed: "has failed",
  cancelled: "is cancelled already",
  timeout: "has timed out",
} as const;

/** As `JobStore.cancel`. */
export function cancelJobs(
  { connection, queueId, clock }: QueueContext,
  ids: readonly JobId[],
  { reason = "it was cancelled", signal }: { reason?: string; signal?: AbortSignal },
): Promise<CancelResult> {
  return connection.transaction({ action: "cancel jobs of", durable: true, signal }, () => {
    const now = clock.now();
    const refused: RefusedJob[] = [];
    const waiting: FoundJob[] = [];
    const running: FoundJob[] = [];
    // All are looked up before the first is cancelled: its children may be among them.
    for (const id of new Set(ids)) {
      const key = parseJobId(id);
      const job = key && connection.prepare(FIND).get(key.seq, key.suffix, queueId) as FoundJob | undefined;
      if (job === undefined) refused.push({ id, reason: "is not a job of this queue" });
      else if (isFinished(job.state)) refused.push({ id, reason: REASONS[job.state] });
      else (isHeld(job, connection.takeoverBefore(now)) ? running : waiting).push(job);
    }
    // Children are told last: one that was named itself was not cancelled because of its parent.
    const parents = waiting.filter((job) => cancelOne(connection, job, { reason, now }) === "parent");
    const children = parents.reduce((sum, job) => sum + tellChildren(connection, job, now), 0);
    for (const { seq } of running) connection.prepare(ASK_TO_STOP).run(reason, now, seq);
    return {
      cancelled: waiting.map(idOf),
      stopping: running.map(idOf),
      children,
      refused,
    };
  });
}

interface Cancellation {
  readonly reason: string;
  readonly now: number;
}

type Cancelled = Pick<FoundJob, "seq" | "suffix">;

/** Cancels an unfinished job that no worker runs, and the jobs that wait for its completion, inside the caller's transaction. */
export function cancelWaiting(connection: Connection, job: Cancelled, cancellation: Cancellation): void {
  if (cancelOne(connection, job, cancellation) === "parent") tellChildren(connection, job, cancellation.now);
}

/** Whether the job is one for which others wait, or waited. */
function cancelOne(
  connection: Connection,
  { seq }: Cancelled,
  { reason, now }: Cancellation,
): "parent" | "childless" {
  archiveExecution(connection, seq, now);
  const failure = JSON.stringify({ kind: "cancelled", message: reason, at: now } satisfies Failure);
  const [row] = connection.prepare(CANCEL).all({ seq, failure, now });
  return row?.has_children === 1 ? "parent" : "childless";
}

/** Answers how many jobs were cancelled. */
function tellChildren(connection: Connection, { seq, suffix }: Cancelled, now: number): number {
  return settleChildren(connection, { seq, suffix, state: "cancelled" }, now);
}

function idOf({ seq, suffix }: FoundJob): JobId {
  return formatJobId(seq, suffix);
}
