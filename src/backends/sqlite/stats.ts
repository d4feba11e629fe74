import { FINISHED_STATES, type FinishedState } from "../../core/job.ts";
import { etaMs, type Stats } from "../../core/job_store.ts";
import type { Counts } from "../../core/queue.ts";
import type { QueueContext } from "./context.ts";
import { READY } from "./row.ts";
import { readSnapshot } from "./snapshot.ts";

const HOUR_MS = 3_600_000;

/** How many of the last completed jobs tell how long jobs take. */
const SAMPLE = 10_000;

/** Jobs are numbered as they are pushed, so the least number is the oldest. */
const COUNT_READY = `SELECT count(*) AS jobs, min(seq) AS oldest FROM jobs WHERE ${READY}`;

/** A delay that has passed is ended by the next claim. */
const COUNT_TIMED = `
  SELECT
    count(*) FILTER (WHERE state = 'running') AS running,
    count(*) FILTER (WHERE state = 'pending' AND visible_at <= :now) AS ready,
    count(*) FILTER (WHERE state = 'pending' AND visible_at > :now) AS delayed,
    min(seq) FILTER (WHERE state = 'pending') AS oldest
  FROM jobs WHERE queue_id = :queue_id AND visible_at IS NOT NULL`;

const COUNT_BLOCKED = "SELECT count(*) AS jobs FROM jobs WHERE queue_id = :queue_id AND state = 'blocked'";

const COUNT_FINISHED = `
  SELECT count(*) AS jobs FROM jobs
  WHERE queue_id = :queue_id AND state = :state AND finished_at IS NOT NULL AND finished_at > :since`;

const DURATIONS = `
  SELECT max(0, finished_at - started_at) AS ms FROM jobs
  WHERE queue_id = :queue_id AND state = 'completed' AND finished_at IS NOT NULL
  ORDER BY finished_at DESC LIMIT ${SAMPLE}`;

const FIRST_OF_HOUR = `
  SELECT started_at FROM jobs
  WHERE queue_id = :queue_id AND state = 'completed' AND finished_at IS NOT NULL AND finished_at > :since
  ORDER BY finished_at, seq LIMIT 1`;

const PUSHED_AT = "SELECT created_at FROM jobs WHERE seq = ?";

/** For the test of their plans. */
export const COUNTING = { COUNT_READY, COUNT_TIMED, COUNT_BLOCKED, COUNT_FINISHED };
export { DURATIONS };

/** As `Queue.counts`. */
export function readCounts(context: QueueContext, signal?: AbortSignal): Promise<Required<Counts>> {
  const statements = () => countJobs(context).counts;
  return readSnapshot(context.connection, "read", { statements, signal });
}

/** As `JobStore.stats`. */
export function readStats(context: QueueContext, signal?: AbortSignal): Promise<Stats> {
  const { connection, clock } = context;
  const statements = (): Stats => {
    const { counts, oldest } = countJobs(context);
    const now = clock.now();
    const since = now - HOUR_MS;
    const finished = (state: FinishedState) => countFinished(context, state, since);
    const completed = finished("completed");
    const begun = connection.prepare(FIRST_OF_HOUR).get({ queue_id: context.queueId, since })?.started_at;
    const oldestPendingAt = oldest && connection.prepare(PUSHED_AT).get(oldest)?.created_at;
    return {
      counts,
      total: FINISHED_STATES.reduce((sum, state) => sum + counts[state], counts.unfinished),
      lastHour: { completed, failed: finished("failed") + finished("timeout") },
      duration: readDuration(context),
      oldestPendingAt: oldestPendingAt === undefined ? undefined : Number(oldestPendingAt),
      etaMs: etaMs(counts.unfinished, { completed, spanMs: now - Math.max(since, Number(begun ?? since)) }),
    };
  };
  return readSnapshot(connection, "read", { statements, signal });
}

/** All counts, and the number of the oldest pending job. */
function countJobs(
  context: QueueContext,
): { readonly counts: Required<Counts>; readonly oldest: number | undefined } {
  const { connection, queueId, clock } = context;
  const queue = { queue_id: queueId };
  const ready = connection.prepare(COUNT_READY).get(queue);
  const timed = connection.prepare(COUNT_TIMED).get({ ...queue, now: clock.now() });
  const finished = Object.fromEntries(
    FINISHED_STATES.map((state) => [state, countFinished(context, state, -1)]),
  ) as Record<FinishedState, number>;
  const oldest = [ready?.oldest, timed?.oldest].filter((seq) => typeof seq === "number");
  const unfinished = {
    ready: Number(ready?.jobs) + Number(timed?.ready),
    delayed: Number(timed?.delayed),
    running: Number(timed?.running),
    blocked: Number(connection.prepare(COUNT_BLOCKED).get(queue)?.jobs),
  };
  const sum = Object.values(unfinished).reduce((total, jobs) => total + jobs, 0);
  return {
    counts: { unfinished: sum, ...unfinished, ...finished },
    oldest: oldest.length > 0 ? Math.min(...oldest) : undefined,
  };
}

function countFinished({ connection, queueId }: QueueContext, state: FinishedState, since: number): number {
  return Number(connection.prepare(COUNT_FINISHED).get({ queue_id: queueId, state, since })?.jobs);
}

function readDuration({ connection, queueId }: QueueContext): Stats["duration"] {
  const durations = connection.prepare(DURATIONS).all({ queue_id: queueId })
    .flatMap(({ ms }) => typeof ms === "number" ? ms : [])
    .sort((a, b) => a - b);
  /** The least duration that this share of the jobs did not exceed. */
  const quantile = (share: number) => durations[Math.ceil(share * durations.length) - 1] ?? 0;
  return durations.length === 0
    ? undefined
    : { medianMs: quantile(0.5), p95Ms: quantile(0.95), jobs: durations.length };
}
