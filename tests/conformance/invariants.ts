import { verdictOn } from "../../src/core/dependency.ts";
import { isFinished } from "../../src/core/job.ts";
import type { Counts } from "../../src/core/queue.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { SeenJob } from "./random_subject.ts";

/** Fails unless the jobs fit each other and the counts. */
export function assertInvariants(jobs: readonly SeenJob[], counts: Counts): void {
  const { ready = 0, delayed = 0, unfinished, ...others } = counts;
  const tally = (state: string) => jobs.filter(({ record }) => record.state === state).length;
  assertEquals(ready + delayed, tally("pending"));
  for (const [state, count] of Object.entries(others)) assertEquals(count, tally(state), state);
  assertEquals(unfinished, ready + delayed + tally("running") + tally("blocked"));
  assertEquals(ready + delayed + Object.values(others).reduce((sum, count) => sum + count, 0), jobs.length);
  for (const job of jobs) assertConsistent(job);
}

function assertConsistent({ number, record, parents }: SeenJob): void {
  const { state, attempts, executions, startedAt = 0, finishedAt, failure, createdAt, updatedAt } = record;
  const say = (what: string) => `job ${number} is ${state} and ${what}`;
  assert(attempts <= executions, say(`counts more attempts than executions`));
  assert(isFinished(state) === (finishedAt !== undefined), say(`finished at ${finishedAt}`));
  assert(
    (finishedAt ?? updatedAt) >= startedAt && updatedAt >= createdAt,
    say("has an end before its beginning"),
  );
  assert(state !== "running" || executions > 0, say("was never started"));
  assert(
    isFinished(state) === false || (state === "completed") === (failure === undefined),
    say("has a wrong reason"),
  );
  if (state !== "blocked") return;
  const verdicts = parents.map((parent) => verdictOn(parent.record.state, parent.when));
  assert(verdicts.includes("waiting"), say("waits for nothing"));
  assert(!verdicts.includes("violated"), say("waits in vain"));
}

/** Fails when a ready job should have been leased before the one that was, which is given by its number, if one was. */
export function assertNoneBefore(jobs: readonly SeenJob[], leased: string): void {
  const ready = jobs.filter(({ record }) => record.state === "pending" && record.visibleAt === undefined);
  const job = jobs.find(({ number }) => String(number) === leased);
  for (const other of ready) {
    const isBefore = job === undefined || other.record.priority > job.record.priority ||
      (other.record.priority === job.record.priority && other.number < job.number);
    assert(!isBefore, `job ${other.number} was ready before job ${leased}`);
  }
  if (job === undefined) return;
  assertEquals(job.record.state, "running");
}
