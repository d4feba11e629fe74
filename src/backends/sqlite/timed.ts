import type { Clock } from "../../core/clock.ts";
import { cancelWaiting } from "./cancel.ts";
import type { Connection } from "./connection.ts";
import { nextTurn } from "./next_turn.ts";

/** Jobs whose waits are ended in one transaction, so that others need not wait for long. */
const BATCH = 1_000;

export const END_DELAYS = `
  UPDATE jobs SET visible_at = NULL, updated_at = visible_at
  WHERE seq IN (
    SELECT seq FROM jobs WHERE queue_id = :queue_id AND visible_at <= :now AND state = 'pending'
    ORDER BY visible_at LIMIT ${BATCH}
  )`;

// The token stays: until another worker takes the job, its holder may still come back and settle it.
export const END_LEASES = `
  UPDATE jobs SET visible_at = NULL, state = 'pending', updated_at = visible_at
  WHERE seq IN (
    SELECT seq FROM jobs WHERE queue_id = :queue_id AND visible_at <= :takeover_before AND state = 'running'
    ORDER BY visible_at LIMIT ${BATCH}
  )
  RETURNING seq, suffix, cancel_reason`;

const TOO_LONG = "queue_id = :queue_id AND visible_at > :now AND visible_at > :now + wait_ms";
const FIND_TOO_LONG = `SELECT 1 AS found FROM jobs WHERE ${TOO_LONG} LIMIT 1`;
const SHORTEN = `UPDATE jobs SET visible_at = :now + wait_ms WHERE ${TOO_LONG}`;

interface TimedOptions {
  readonly queueId: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Makes jobs ready whose delay or lease has ended; those that were to be cancelled while their lease ended are. All of
 * them, since the last may be of the highest priority, but a thousand of each at a time. Answers how many it changed.
 */
export async function endWaits(
  connection: Connection,
  { queueId, clock, signal }: TimedOptions,
): Promise<number> {
  let changed = 0;
  for (let isMore = true; isMore && !signal?.aborted;) {
    const { delays, leases } = await connection.transaction(
      { action: "lease a job of", durable: false, signal },
      () => endSome(connection, queueId, clock.now()),
    );
    changed += delays + leases;
    isMore = Math.max(delays, leases) === BATCH;
    if (isMore) await nextTurn();
  }
  return changed;
}

/** Inside the caller's transaction; answers how many waits of each kind it ended. */
function endSome(connection: Connection, queueId: number, now: number): { delays: number; leases: number } {
  const delays = connection.prepare(END_DELAYS).run({ queue_id: queueId, now });
  const leases = connection.prepare(END_LEASES).all({
    queue_id: queueId,
    takeover_before: connection.takeoverBefore(now),
  });
  for (const { seq, suffix, cancel_reason } of leases) {
    if (typeof cancel_reason !== "string") continue;
    cancelWaiting(connection, { seq: Number(seq), suffix: String(suffix) }, { reason: cancel_reason, now });
  }
  return { delays: Number(delays.changes), leases: leases.length };
}

/**
 * Makes sure that nobody waits for longer than was meant when the wait began: a clock that stepped back since would
 * make it last longer by as much.
 */
export async function shortenWaits(
  connection: Connection,
  { queueId, clock, signal }: TimedOptions,
): Promise<void> {
  const action = "lease a job of";
  const values = () => ({ queue_id: queueId, now: clock.now() });
  // Nearly always there are none, which a look finds out without a lock.
  const found = await connection.read(action, () => connection.prepare(FIND_TOO_LONG).get(values()), signal);
  if (found === undefined) return;
  await connection.write({ action, durable: false, signal }, () => connection.prepare(SHORTEN).run(values()));
}
