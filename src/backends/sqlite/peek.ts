import type { Job } from "../../core/job.ts";
import type { QueueContext } from "./context.ts";
import { decodeJobForDisplay, JOB_COLUMNS, type JobRow, READY } from "./row.ts";

const FIRST_READY = `
  SELECT ${JOB_COLUMNS} FROM jobs WHERE ${READY} ORDER BY priority DESC, seq LIMIT :limit`;

/** Delays that have ended, but that no claim has noticed so far: they stand among the ready ones. */
const ENDED_DELAYS = `
  SELECT ${JOB_COLUMNS} FROM jobs
  WHERE queue_id = :queue_id AND visible_at <= :now AND state = 'pending'
  ORDER BY priority DESC, seq LIMIT :limit`;

const DELAYED = `
  SELECT ${JOB_COLUMNS} FROM jobs
  WHERE queue_id = :queue_id AND visible_at > :now AND state = 'pending' ORDER BY visible_at, seq LIMIT :limit`;

/** As `Queue.peek`. */
export async function peekJobs(
  { connection, queueId, clock }: QueueContext,
  limit: number,
  signal?: AbortSignal,
): Promise<readonly Job[]> {
  const rows = await connection.read("read", () => {
    const values = { queue_id: queueId, limit: Number.isFinite(limit) ? limit : -1 };
    const timed = { ...values, now: clock.now() };
    const select = (sql: string, named: typeof values) =>
      connection.prepare(sql).all(named) as unknown as readonly JobRow[];
    const due = [...select(FIRST_READY, values), ...select(ENDED_DELAYS, timed)]
      .sort((a, b) => b.priority - a.priority || a.seq - b.seq);
    return [...due, ...select(DELAYED, timed)].slice(0, limit);
  }, signal);
  return rows.map(decodeJobForDisplay);
}
