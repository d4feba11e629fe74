import { formatJobId } from "../numbered_id.ts";
import type { QueueContext } from "./context.ts";
import { READY } from "./row.ts";

const WAITING = `
  SELECT seq FROM jobs WHERE ${READY}
  UNION ALL
  SELECT seq FROM jobs WHERE queue_id = :queue_id AND visible_at IS NOT NULL AND state = 'pending'
  UNION ALL
  SELECT seq FROM jobs WHERE queue_id = :queue_id AND state = 'blocked'`;

const STARTED_BEFORE = `SELECT seq, suffix FROM jobs WHERE executions > 0 AND seq IN (${WAITING})`;
const REMOVE = `DELETE FROM jobs WHERE seq IN (${WAITING})`;

/** As `Queue.purge`. */
export async function clearWaiting(
  { connection, queueId, logs }: QueueContext,
  signal?: AbortSignal,
): Promise<number> {
  const { removed, started } = await connection.transaction(
    { action: "clear", durable: true, signal },
    () => {
      const started = connection.prepare(STARTED_BEFORE).all({ queue_id: queueId });
      return { started, removed: Number(connection.prepare(REMOVE).run({ queue_id: queueId }).changes) };
    },
  );
  await logs.remove(started.map(({ seq, suffix }) => formatJobId(Number(seq), String(suffix))));
  return removed;
}
