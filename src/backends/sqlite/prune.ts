import type { FinishedState, JobId } from "../../core/job.ts";
import type { PruneOptions, PruneResult } from "../../core/job_store.ts";
import { formatJobId } from "../numbered_id.ts";
import type { QueueContext } from "./context.ts";
import { nextTurn } from "./next_turn.ts";
import { readSnapshot } from "./snapshot.ts";

/** Jobs in one transaction: others wait for no longer than that takes. */
const BATCH = 500;

/** Completed ones come last: the children that need them may be gone by then. */
const ORDER: readonly FinishedState[] = ["failed", "timeout", "cancelled", "completed"];

/** How jobs that finished are told apart and ordered; a limit is exclusive. */
interface Mark {
  readonly at: number;
  readonly seq: number;
}

const START: Mark = { at: -1, seq: 0 };
const END: Mark = { at: Number.MAX_SAFE_INTEGER, seq: 0 };

const OF_STATE = "queue_id = :queue_id AND state = :state AND finished_at IS NOT NULL";
const BEFORE_END = "(finished_at, seq) < (:end_at, :end_seq)";
const AFTER_START = "(finished_at, seq) > (:start_at, :start_seq)";

/** A child that has not completed: it may still run, or be requeued. */
const NEEDY_CHILD = `
  SELECT 1 FROM dependencies JOIN jobs AS children ON children.seq = child
  WHERE parent = jobs.seq AND children.state <> 'completed'`;

export const NEXT = `
  SELECT seq, suffix, executions, finished_at AS at, state = 'completed' AND EXISTS (${NEEDY_CHILD}) AS needed
  FROM jobs WHERE ${OF_STATE} AND ${AFTER_START} AND ${BEFORE_END} ORDER BY finished_at, seq LIMIT ${BATCH}`;

const REMOVE = "DELETE FROM jobs WHERE seq IN (SELECT value FROM json_each(?))";

/** Beforehand, the children that would go first are still there. */
const COUNT = `
  SELECT count(*) AS jobs, coalesce(sum(state = 'completed' AND EXISTS (
    ${NEEDY_CHILD} AND NOT (
      children.state IN (SELECT value FROM json_each(:states)) AND children.finished_at IS NOT NULL
      AND (children.finished_at, children.seq) < (:end_at, :end_seq)
    ))), 0) AS needed
  FROM jobs WHERE ${OF_STATE} AND ${BEFORE_END}`;

/** The last job to spare; each state's newest are read off the index and merged. */
export function lastSparedStatement(states: readonly FinishedState[]): string {
  const newest = states.map((state) =>
    `SELECT finished_at AS at, seq FROM jobs
     WHERE queue_id = :queue_id AND state = '${state}' AND finished_at IS NOT NULL`
  );
  return `${newest.join(" UNION ALL ")} ORDER BY at DESC, seq DESC LIMIT 1 OFFSET :spared_before`;
}

/** As `JobStore.prune`. */
export async function prune(context: QueueContext, options: PruneOptions): Promise<PruneResult> {
  const { states: wanted = ["completed", "cancelled"], dryRun = false, signal } = options;
  const states = ORDER.filter((state) => wanted.includes(state));
  const end = await findEnd(context, states, options);
  if (dryRun) return await count(context, { states, end, signal });
  const result = { removed: 0, needed: 0 };
  for (const state of states) {
    for (let start: Mark | undefined = START; start !== undefined;) {
      signal?.throwIfAborted();
      const batch = await removeBatch(context, { state, start, end, signal });
      result.removed += batch.removed;
      result.needed += batch.needed;
      start = batch.last;
      await nextTurn();
    }
  }
  return result;
}

/** Where the jobs begin that are too young, or among the newest. */
async function findEnd(
  { connection, queueId }: QueueContext,
  states: readonly FinishedState[],
  { finishedBefore = Infinity, keepNewest = 0, signal }: PruneOptions,
): Promise<Mark> {
  const young = finishedBefore < END.at ? { at: Math.ceil(finishedBefore), seq: 0 } : END;
  if (keepNewest <= 0 || states.length === 0) return young;
  const row = await connection.read("read", () =>
    connection.prepare(lastSparedStatement(states)).get({
      queue_id: queueId,
      spared_before: Math.min(keepNewest, Number.MAX_SAFE_INTEGER) - 1,
    }), signal);
  const spared = row === undefined ? START : { at: Number(row.at), seq: Number(row.seq) };
  return compare(spared, young) < 0 ? spared : young;
}

function compare(a: Mark, b: Mark): number {
  return a.at - b.at || a.seq - b.seq;
}

async function count(
  { connection, queueId }: QueueContext,
  { states, end, signal }: { states: readonly FinishedState[]; end: Mark; signal?: AbortSignal },
): Promise<PruneResult> {
  const common = { queue_id: queueId, states: JSON.stringify(states), end_at: end.at, end_seq: end.seq };
  const statements = () => states.map((state) => connection.prepare(COUNT).get({ ...common, state }));
  const result = { removed: 0, needed: 0 };
  for (const row of await readSnapshot(connection, "read", { statements, signal })) {
    result.removed += Number(row?.jobs) - Number(row?.needed);
    result.needed += Number(row?.needed);
  }
  return result;
}

interface Batch {
  readonly state: FinishedState;
  readonly start: Mark;
  readonly end: Mark;
  readonly signal?: AbortSignal;
}

/** Removes the next jobs, then what they printed; `last` is where the next batch starts, undefined after the last one. */
async function removeBatch(
  { connection, queueId, logs }: QueueContext,
  { state, start, end, signal }: Batch,
): Promise<PruneResult & { last: Mark | undefined }> {
  const values = {
    queue_id: queueId,
    state,
    start_at: start.at,
    start_seq: start.seq,
    end_at: end.at,
    end_seq: end.seq,
  };
  const rows = await connection.transaction({ action: "prune", durable: true, signal }, () => {
    const rows = connection.prepare(NEXT).all(values);
    const seqs = rows.flatMap(({ seq, needed }) => needed ? [] : Number(seq));
    connection.prepare(REMOVE).run(JSON.stringify(seqs));
    return rows;
  });
  const removed = rows.filter(({ needed }) => !needed);
  await logs.remove(removed.filter(({ executions }) => executions !== 0).map(idOf));
  const last = rows.length === BATCH ? rows.at(-1) : undefined;
  return {
    removed: removed.length,
    needed: rows.length - removed.length,
    last: last && { at: Number(last.at), seq: Number(last.seq) },
  };
}

function idOf({ seq, suffix }: Readonly<Record<string, unknown>>): JobId {
  return formatJobId(Number(seq), String(suffix));
}
