import { verdictOn, violationReason } from "../../core/dependency.ts";
import type { Failure } from "../../core/failure.ts";
import { isFinished, type JobId, type JobState, type ParentCondition } from "../../core/job.ts";
import type { RequeueableState, RequeueResult, RequeueSelection } from "../../core/job_store.ts";
import { formatJobId, parseJobId } from "../numbered_id.ts";
import type { Connection } from "./connection.ts";
import type { QueueContext } from "./context.ts";
import { archiveExecution } from "./history.ts";
import { nextTurn } from "./next_turn.ts";

/** Jobs in one transaction, so that others need not wait for long. */
const BATCH = 1_000;

const COLUMNS = "seq, suffix, state, job_key, has_parents, has_children, cancel_cause, cancel_reason";
const FIND = `SELECT ${COLUMNS} FROM jobs WHERE seq = ? AND suffix = ? AND queue_id = ?`;
const FIND_BY_SEQ = `SELECT ${COLUMNS} FROM jobs WHERE seq = ?`;
const SELECT_STATE = `
  SELECT seq FROM jobs WHERE queue_id = ? AND state = ? AND finished_at IS NOT NULL ORDER BY finished_at, seq`;

const KEY_HOLDER = `
  SELECT seq, suffix FROM jobs
  WHERE queue_id = ? AND job_key = ? AND job_key IS NOT NULL AND finished_at IS NULL`;

const PARENTS = `
  SELECT parent, parent_suffix, condition, satisfied, state FROM dependencies
  LEFT JOIN jobs ON jobs.seq = parent WHERE child = ? ORDER BY position`;

/** Whether one that has parents has to wait for them is seen when all are back that come back with it. */
const REQUEUE = `
  UPDATE jobs SET state = CASE WHEN has_parents = 1 THEN 'blocked' ELSE 'pending' END,
    attempts = 0, lost_leases = 0, failure = NULL, result = NULL, output = NULL, warning = NULL, outcome = NULL,
    worker_id = NULL, started_at = NULL, ended_at = NULL, finished_at = NULL, visible_at = NULL, wait_ms = NULL,
    cancel_reason = NULL, cancel_cause = NULL, updated_at = :now
  WHERE seq = :seq`;

/** Blocked children of a parent that was finished have to wait for it once more. */
const REOPEN = `
  UPDATE dependencies SET satisfied = 0
  WHERE parent = ? AND satisfied = 1 AND child IN (
    SELECT child FROM dependencies JOIN jobs ON jobs.seq = child WHERE parent = ? AND state = 'blocked'
  ) RETURNING child`;
/** The same for the parents of one child. */
const REOPEN_PARENTS = `
  UPDATE dependencies SET satisfied = 0
  WHERE child = ? AND satisfied = 1 AND EXISTS (SELECT 1 FROM jobs WHERE seq = parent AND finished_at IS NULL)`;
const WAIT_FOR_MORE = "UPDATE jobs SET waits = waits + ? WHERE seq = ?";
const ADMIT = "UPDATE jobs SET state = 'pending' WHERE seq = ? AND state = 'blocked' AND waits = 0";

const FINISHED_CHILDREN = `
  SELECT ${COLUMNS} FROM dependencies JOIN jobs ON jobs.seq = child
  WHERE parent = ? AND state IN ('failed', 'timeout', 'cancelled')`;
const BLAME = "UPDATE jobs SET cancel_cause = ?, failure = ? WHERE seq = ?";

interface JobRow {
  readonly seq: number;
  readonly suffix: string;
  readonly state: JobState;
  readonly job_key: string | null;
  readonly has_parents: number;
  readonly has_children: number;
  readonly cancel_cause: number | null;
  readonly cancel_reason: string | null;
}

interface ParentRow {
  readonly parent: number;
  readonly parent_suffix: string;
  readonly condition: ParentCondition;
  readonly satisfied: number;
  /** Null when the parent was removed. */
  readonly state: JobState | null;
}

/** What came of one transaction. */
interface Part {
  readonly requeued: readonly JobId[];
  readonly children: number;
  readonly refused: ReadonlyMap<JobId, string>;
}

/** As `JobStore.requeue`. */
export async function requeueJobs(
  context: QueueContext,
  which: RequeueSelection,
  signal?: AbortSignal,
): Promise<RequeueResult> {
  if ("states" in which) return sumOf(await requeueStates(context, which.states, signal));
  return sumOf([await transaction(context, signal, (requeue) => requeue.run(requeue.find(which)))]);
}

async function requeueStates(
  context: QueueContext,
  states: readonly RequeueableState[],
  signal: AbortSignal | undefined,
): Promise<readonly Part[]> {
  const { connection, queueId } = context;
  const seqs = await connection.read(
    "read",
    () =>
      states.flatMap((state) =>
        connection.prepare(SELECT_STATE).all(queueId, state).map(({ seq }) => Number(seq))
      ),
    signal,
  );
  const asked = new Set(seqs);
  const parts: Part[] = [];
  for (let start = 0; start < seqs.length; start += BATCH) {
    const part = seqs.slice(start, start + BATCH);
    // Some came back in the meantime, as children of others or by somebody else's hand.
    const isLeft = ({ state }: JobRow) => (states as readonly JobState[]).includes(state);
    parts.push(
      await transaction(context, signal, (requeue) => requeue.run(requeue.look(part).filter(isLeft), asked)),
    );
    await nextTurn();
  }
  return parts;
}

/** A job that was refused may have come back later, with its parent. */
function sumOf(parts: readonly Part[]): RequeueResult {
  const requeued = new Set(parts.flatMap((part) => part.requeued));
  return {
    requeued: requeued.size,
    children: parts.reduce((sum, { children }) => sum + children, 0),
    refused: parts.flatMap(({ refused }) =>
      Array.from(refused, ([id, reason]) => ({ id, reason })).filter(({ id }) => !requeued.has(id))
    ),
  };
}

function transaction<T>(
  context: QueueContext,
  signal: AbortSignal | undefined,
  work: (requeue: Requeue) => T,
): Promise<T> {
  return context.connection.transaction(
    { action: "requeue jobs of", durable: true, signal },
    () => work(new Requeue(context)),
  );
}

/** One requeueing, inside the caller's transaction. */
class Requeue {
  readonly #returned = new Map<number, JobRow>();
  readonly #refused = new Map<JobId, string>();
  readonly #connection: Connection;
  readonly #queueId: number;
  readonly #now: number;

  constructor({ connection, queueId, clock }: QueueContext) {
    this.#connection = connection;
    this.#queueId = queueId;
    this.#now = clock.now();
  }

  /** The jobs of these ids; for those that there are not, it is noted that they were refused. */
  find(ids: readonly JobId[]): readonly JobRow[] {
    return [...new Set(ids)].flatMap((id) => {
      const key = parseJobId(id);
      const job = key && this.#connection.prepare(FIND).get(key.seq, key.suffix, this.#queueId);
      if (job === undefined) this.#refused.set(id, "is not a job of this queue");
      return (job ?? []) as JobRow | [];
    });
  }

  /** The jobs of these numbers, as far as there are any. */
  look(seqs: readonly number[]): readonly JobRow[] {
    return seqs.flatMap((seq) => (this.#connection.prepare(FIND_BY_SEQ).get(seq) ?? []) as JobRow | []);
  }

  /** @param asked all that are to come back, of which `jobs` may be a part */
  run(jobs: readonly JobRow[], asked: ReadonlySet<number> = new Set(jobs.map(({ seq }) => seq))): Part {
    // What could not come back because of a parent is looked at once more when that parent is back.
    for (let round = jobs; round.length > 0;) {
      const back = round.filter((job) => this.#bringBack(job, asked));
      round = back.flatMap(({ seq, has_children }) => has_children === 1 ? this.#childrenOf(seq, asked) : []);
    }
    for (const { seq, has_parents } of this.#returned.values()) if (has_parents === 1) this.#admit(seq);
    const requeued = [...this.#returned.values()].filter(({ seq }) => asked.has(seq)).map(idOf);
    return { requeued, children: this.#returned.size - requeued.length, refused: this.#refused };
  }

  /** False when the job has to stay as it is, or is back already. */
  #bringBack(job: JobRow, asked: ReadonlySet<number>): boolean {
    const { seq } = job;
    if (this.#returned.has(seq)) return false;
    const reason = whyNever(job) ?? this.#spoilingParent(job) ?? this.#keyProblem(job);
    if (reason !== undefined) {
      if (asked.has(seq)) this.#refused.set(idOf(job), reason);
      return false;
    }
    archiveExecution(this.#connection, seq, this.#now);
    this.#connection.prepare(REQUEUE).run({ seq, now: this.#now });
    if (job.has_children === 1) {
      for (const { child } of this.#connection.prepare(REOPEN).all(seq, seq)) {
        this.#connection.prepare(WAIT_FOR_MORE).run(1, Number(child));
      }
    }
    this.#returned.set(seq, job);
    this.#refused.delete(idOf(job));
    return true;
  }

  /** Why a parent that finished keeps the job from ever running; for one that was cancelled for another, that is noted. */
  #spoilingParent({ seq, has_parents, cancel_cause }: JobRow): string | undefined {
    if (has_parents === 0) return undefined;
    const parents = this.#connection.prepare(PARENTS).all(seq) as unknown as readonly ParentRow[];
    const spoiling = parents.find(({ state, condition, satisfied }) =>
      state === null ? satisfied === 0 : verdictOn(state, condition) === "violated"
    );
    if (spoiling === undefined) return undefined;
    const { parent, parent_suffix, state } = spoiling;
    const id = formatJobId(parent, parent_suffix);
    const reason = state === null ? `its parent ${id} was removed` : violationReason(id, state);
    if (cancel_cause !== null && cancel_cause !== parent) {
      const failure: Failure = { kind: "cancelled", message: reason, at: this.#now };
      this.#connection.prepare(BLAME).run(parent, JSON.stringify(failure), seq);
    }
    return state === null || state === "completed" ? reason : `${reason}; requeue that`;
  }

  #keyProblem({ job_key }: JobRow): string | undefined {
    const holder = job_key === null
      ? undefined
      : this.#connection.prepare(KEY_HOLDER).get(this.#queueId, job_key);
    return holder && `its key is taken by ${formatJobId(Number(holder.seq), String(holder.suffix))}`;
  }

  /** The jobs that a parent which is back may bring with it: they were cancelled because of it, or are to come anyway. */
  #childrenOf(parent: number, asked: ReadonlySet<number>): readonly JobRow[] {
    const children = this.#connection.prepare(FINISHED_CHILDREN).all(parent) as unknown as readonly JobRow[];
    return children.filter(({ seq, cancel_cause }) => cancel_cause === parent || asked.has(seq));
  }

  /** Makes the job wait for those of its parents that are not finished, or for a worker if there are none. */
  #admit(seq: number): void {
    const { changes } = this.#connection.prepare(REOPEN_PARENTS).run(seq);
    if (changes > 0) this.#connection.prepare(WAIT_FOR_MORE).run(changes, seq);
    this.#connection.prepare(ADMIT).run(seq);
  }
}

/** Why a job is nothing that could be brought back; goes on after its id. */
function whyNever({ state, cancel_reason }: JobRow): string | undefined {
  if (state === "running") {
    return cancel_reason === null ? "is running; cancel it first" : "is being stopped; wait for its end";
  }
  if (state === "completed") return "is completed";
  return isFinished(state) ? undefined : "is waiting already";
}

function idOf({ seq, suffix }: JobRow): JobId {
  return formatJobId(seq, suffix);
}
