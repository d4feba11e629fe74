import { type Parent, resolveParents } from "../../core/resolve_parents.ts";
import { JobRefusedError, UsageError } from "../../core/errors.ts";
import { type FinishedState, isFinished, type JobId, type JobState, type NewJob } from "../../core/job.ts";
import { formatJobId, parseJobId } from "../numbered_id.ts";
import { cancelWaiting } from "./cancel.ts";
import { settleChildren } from "./children.ts";
import type { Connection } from "./connection.ts";
import { insertWaiting, type NewRow } from "./insert.ts";

const FIND_PARENT = "SELECT seq, suffix, state FROM jobs WHERE seq = ? AND suffix = ? AND queue_id = ?";

const FIND_KEY = `
  SELECT seq, suffix, state FROM jobs
  WHERE queue_id = ? AND job_key = ? AND job_key IS NOT NULL AND finished_at IS NULL`;

const HAS_BLOCKED_CHILDREN = `
  SELECT 1 AS found FROM dependencies JOIN jobs ON jobs.seq = child
  WHERE parent = ? AND state = 'blocked' LIMIT 1`;

const INSERT_EDGE = `
  INSERT INTO dependencies (child, position, parent, parent_suffix, condition) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

const CONDITION = "SELECT condition FROM dependencies WHERE child = ? AND parent = ?";

const MARK_PARENT = "UPDATE jobs SET has_children = 1 WHERE seq = ? AND has_children = 0";

/** One parent that was named twice, by its id and by its key, is waited for once. */
const WAIT_FOR_ONE_LESS = "UPDATE jobs SET waits = waits - 1 WHERE seq = ?";

/** A job on the queue that a new one is related to. */
interface Related {
  readonly seq: number;
  readonly suffix: string;
  readonly state: JobState;
}

/** What came of a push. */
export interface RelatedPushResult {
  /** In the order of the push. */
  readonly ids: readonly JobId[];
  /** Which of them are those of jobs that were there before. */
  readonly skipped: ReadonlySet<number>;
}

/** A push whose jobs wait for a time or for others, or are unique. */
export class RelatedPush {
  readonly #rows: readonly NewRow[];
  readonly #parents: ReadonlyMap<number, readonly Parent[]>;
  readonly #queueId: number;

  /** Checks how the jobs wait for each other. @throws {JobRefusedError}, {CycleError} */
  constructor(rows: readonly NewRow[], queueId: number) {
    this.#rows = rows;
    this.#parents = resolveParents(rows.map(({ job }) => job));
    this.#queueId = queueId;
  }

  /** Inserts the rows inside the caller's transaction. @throws {JobRefusedError} */
  insert(connection: Connection, now: number): RelatedPushResult {
    const skipped = new Set<number>();
    const places = this.#rows.map((row, index): Related => {
      const existing = this.#giveWay(connection, row.job, { index, now });
      if (existing !== undefined) {
        skipped.add(index);
        return existing;
      }
      const parents = this.#parents.get(index)?.length ?? 0;
      const seq = insertWaiting(connection, row, { queueId: this.#queueId, now, parents });
      return { seq, suffix: row.suffix, state: "pending" };
    });
    const finished = new Map<number, Related & { readonly state: FinishedState }>();
    for (const [index, parents] of this.#parents) {
      if (skipped.has(index)) continue;
      parents.forEach(({ job, when }, position) => {
        const parent = typeof job === "number"
          ? places[job] as Related
          : this.#findParent(connection, job, index);
        if (!addEdge(connection, { child: places[index] as Related, parent, position, when })) {
          const id = formatJobId(parent.seq, parent.suffix);
          throw new JobRefusedError(index, new UsageError(`it is to run after "${id}" under two conditions`));
        }
        const { state } = parent;
        if (isFinished(state)) finished.set(parent.seq, { ...parent, state });
      });
    }
    // What these parents came to long ago is told to the new children now that all edges are there.
    for (const parent of finished.values()) settleChildren(connection, parent, now);
    return { ids: places.map(({ seq, suffix }) => formatJobId(seq, suffix)), skipped };
  }

  /** The unfinished job that has the key of a new one, if the new one is not to be pushed; it may be cancelled for it. */
  #giveWay(
    connection: Connection,
    { key = "", ifExists }: NewJob,
    { index, now }: { index: number; now: number },
  ): Related | undefined {
    if (ifExists === undefined) return undefined;
    const existing = connection.prepare(FIND_KEY).get(this.#queueId, key) as Related | undefined;
    if (existing === undefined || ifExists === "skip") return existing;
    const id = formatJobId(existing.seq, existing.suffix);
    const refuse = (reason: string, hint: string) =>
      new JobRefusedError(index, new UsageError(`job ${id} has the key "${key}" ${reason}`, { hint }));
    if (ifExists === "error") {
      throw refuse("and is not finished", "wait for it, cancel it, or choose another key");
    }
    if (existing.state === "running") throw refuse("and is running", "wait for it, or cancel it first");
    if (connection.prepare(HAS_BLOCKED_CHILDREN).get(existing.seq) !== undefined) {
      throw refuse("and other jobs wait for it", "cancel it first, and with it the jobs that wait for it");
    }
    cancelWaiting(connection, existing, { reason: "it was replaced by a later push with its key", now });
    return undefined;
  }

  #findParent(connection: Connection, id: JobId, index: number): Related {
    const key = parseJobId(id);
    const found = key && connection.prepare(FIND_PARENT).get(key.seq, key.suffix, this.#queueId);
    if (found === undefined) {
      throw new JobRefusedError(
        index,
        new UsageError(`it is to run after "${id}", and no job of the queue has that id`, {
          hint: "jobq list shows the ids; jobs of the same push are named by their keys",
        }),
      );
    }
    return found as unknown as Related;
  }
}

interface Edge {
  readonly child: Related;
  readonly parent: Related;
  readonly position: number;
  readonly when: Parent["when"];
}

/** False when the child waits for the parent under another condition. */
function addEdge(connection: Connection, { child, parent, position, when }: Edge): boolean {
  const { changes } = connection.prepare(INSERT_EDGE).run(
    child.seq,
    position,
    parent.seq,
    parent.suffix,
    when,
  );
  if (changes === 1) {
    connection.prepare(MARK_PARENT).run(parent.seq);
    return true;
  }
  connection.prepare(WAIT_FOR_ONE_LESS).run(child.seq);
  return connection.prepare(CONDITION).get(child.seq, parent.seq)?.condition === when;
}
