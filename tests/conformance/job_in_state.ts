import type { FinishedState, JobId, JobState, NewJob } from "../../src/core/job.ts";
import type { Lease } from "../../src/core/queue.ts";
import { FAILURE, shellJob, TIMED_OUT } from "../support/jobs.ts";
import type { Fixture } from "./harness.ts";

/** Pushes a job; answers its id. */
export async function push(it: Fixture, job: NewJob = shellJob()): Promise<JobId> {
  const [id = ""] = await it.queue.enqueue([job]);
  return id;
}

/** Pushes a job and brings it to a state, `blocked` excepted. */
export async function jobIn(
  it: Fixture,
  state: Exclude<JobState, "blocked">,
  job: NewJob = shellJob(),
): Promise<JobId> {
  const id = await push(it, job);
  if (state === "pending") return id;
  if (state === "running") await it.next({ job: id });
  else await bringTo(it, id, state);
  return id;
}

/** Brings a job that is ready to its end. */
export async function bringTo(it: Fixture, id: JobId, state: FinishedState): Promise<void> {
  if (state === "cancelled") await it.queue.cancel([id]);
  else await ENDINGS[state](await it.next({ job: id }));
}

const ENDINGS: Readonly<Record<Exclude<FinishedState, "cancelled">, (lease: Lease) => Promise<void>>> = {
  completed: (lease) => lease.ack(),
  failed: (lease) => lease.deadLetter(FAILURE),
  timeout: (lease) => lease.deadLetter(TIMED_OUT),
};
