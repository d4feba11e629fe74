import { verdictOn, violationReason } from "../../core/dependency.ts";
import type { Failure } from "../../core/failure.ts";
import type { FinishedState, ParentCondition } from "../../core/job.ts";
import { formatJobId } from "../numbered_id.ts";
import type { Connection } from "./connection.ts";

/** A job that has come to its end. */
export interface FinishedParent {
  readonly seq: number;
  readonly suffix: string;
  readonly state: FinishedState;
}

const CONDITIONS: readonly ParentCondition[] = ["ok", "any", "failed"];

/** The edges of a parent that nothing was made of so far, under one condition. */
const OPEN_CHILDREN =
  "SELECT child FROM dependencies WHERE parent = :parent AND condition = :condition AND satisfied = 0";

/** When the delay of a job ends; never later than if it were pushed now, should the clock have stepped back since. */
const DELAY_END = "min(created_at, :now) + wait_ms";

// The counter goes down whatever became of the child, so that it always says how many edges are not satisfied.
const COUNT_DOWN = `
  UPDATE jobs SET
    waits = waits - 1,
    visible_at = CASE WHEN state = 'blocked' AND waits = 1 AND ${DELAY_END} > :now
      THEN ${DELAY_END} ELSE visible_at END,
    updated_at = CASE WHEN state = 'blocked' AND waits = 1 THEN :now ELSE updated_at END,
    state = CASE WHEN state = 'blocked' AND waits = 1 THEN 'pending' ELSE state END
  WHERE seq IN (${OPEN_CHILDREN})`;

const SATISFY = `
  UPDATE dependencies SET satisfied = 1
  WHERE parent = :parent AND condition = :condition AND satisfied = 0`;

const CANCEL = `
  UPDATE jobs SET state = 'cancelled', failure = :failure, cancel_cause = :parent, finished_at = :now
  WHERE state = 'blocked' AND seq IN (${OPEN_CHILDREN})
  RETURNING seq, suffix, has_children`;

/**
 * Tells the children of a finished job, inside the caller's transaction: those that waited for nothing else become
 * pending, those that it has not fulfilled are cancelled, with their own children. Answers how many were cancelled.
 */
export function settleChildren(connection: Connection, finished: FinishedParent, now: number): number {
  let cancelled = 0;
  const parents = [finished];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const condition of CONDITIONS) {
      const edge = { parent: parent.seq, condition };
      if (verdictOn(parent.state, condition) === "satisfied") {
        connection.prepare(COUNT_DOWN).run({ ...edge, now });
        connection.prepare(SATISFY).run(edge);
        continue;
      }
      const children = connection.prepare(CANCEL).all({ ...edge, now, failure: failureOf(parent, now) });
      cancelled += children.length;
      for (const { seq, suffix, has_children } of children) {
        if (has_children === 1) {
          parents.push({ seq: Number(seq), suffix: String(suffix), state: "cancelled" });
        }
      }
    }
  }
  return cancelled;
}

function failureOf({ seq, suffix, state }: FinishedParent, now: number): string {
  const message = violationReason(formatJobId(seq, suffix), state);
  return JSON.stringify({ kind: "cancelled", message, at: now } satisfies Failure);
}
