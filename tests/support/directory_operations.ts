import type { DirectoryQueue } from "../../src/backends/directory/queue.ts";
import type { JobId } from "../../src/core/job.ts";
import type { Lease } from "../../src/core/queue.ts";
import { assertExists } from "./assert.ts";
import { FAILURE, shellJob } from "./jobs.ts";

/** Something that is done to a queue, which was made ready for it. */
export interface Step {
  /** Jobs that are there already, and finish or are run some time, whatever comes of the step. */
  readonly known: readonly JobId[];
  /** Jobs that it adds. */
  readonly adds?: number;
  /** Can be called again when it failed. */
  act(): Promise<unknown>;
}

const LEASE = { leaseMs: 600_000, waitMs: 0 } as const;

async function leased(queue: DirectoryQueue, job?: JobId): Promise<Lease> {
  return assertExists(await queue.lease({ ...LEASE, job, workerId: "w" }));
}

async function failed(queue: DirectoryQueue): Promise<JobId> {
  const [id = ""] = await queue.enqueue([shellJob("failed")]);
  await (await leased(queue, id)).deadLetter(FAILURE);
  return id;
}

/** A job that is run, and others that wait for it. */
async function family(queue: DirectoryQueue): Promise<{ known: readonly JobId[]; lease: Lease }> {
  const [parent = ""] = await queue.enqueue([shellJob("parent")]);
  const children = await queue.enqueue([
    shellJob("after", { after: [{ job: parent }] }),
    shellJob("whatever", { after: [{ job: parent, when: "any" }] }),
  ]);
  return { known: [parent, ...children], lease: await leased(queue, parent) };
}

function push(...jobs: readonly Parameters<DirectoryQueue["enqueue"]>[0][number][]) {
  return (queue: DirectoryQueue): Promise<Step> =>
    Promise.resolve({ known: [], adds: jobs.length, act: () => queue.enqueue(jobs) });
}

function settle(what: (lease: Lease) => Promise<void>) {
  return async (queue: DirectoryQueue): Promise<Step> => {
    const known = await queue.enqueue([shellJob("one", { maxAttempts: 3 })]);
    const lease = await leased(queue);
    return { known, act: () => what(lease) };
  };
}

/** All that changes something, by what it is called. */
export const OPERATIONS: Readonly<Record<string, (queue: DirectoryQueue) => Promise<Step>>> = {
  "a push": push(shellJob("one")),
  "a push of a job with a delay": push(shellJob("one", { delayMs: 60_000 })),
  "a push of several jobs": push(
    ...[1, 2, 3, 4, 5].map((i) => shellJob(`${i}`, { delayMs: i === 3 ? 1_000 : 0 })),
  ),
  "a push of a job with a key": push(shellJob("one", { key: "k", ifExists: "skip" })),
  "a push of jobs that wait for each other": push(
    shellJob("first", { key: "first" }),
    shellJob("second", { after: [{ key: "first" }] }),
  ),
  "a push of a job that waits for another": async (queue) => {
    const [parent = ""] = await queue.enqueue([shellJob("parent")]);
    return {
      known: [parent],
      adds: 1,
      act: () => queue.enqueue([shellJob("child", { after: [{ job: parent }] })]),
    };
  },
  "a push in place of another job": async (queue) => {
    const known = await queue.enqueue([shellJob("old", { key: "k" })]);
    return {
      known,
      adds: 1,
      act: () => queue.enqueue([shellJob("new", { key: "k", ifExists: "replace" })]),
    };
  },
  "taking a job": async (queue) => {
    const known = await queue.enqueue([shellJob("one"), shellJob("two")]);
    return { known, act: () => leased(queue) };
  },
  "taking a job whose delay has ended": async (queue) => {
    const known = await queue.enqueue([shellJob("one", { delayMs: 1 })]);
    return { known, act: () => queue.lease(LEASE) };
  },
  "completing a job": settle((lease) => lease.ack({ score: 1 })),
  "completing a job with a large result": settle((lease) => lease.ack("x".repeat(40_000))),
  "giving a job back to be tried again": settle((lease) => lease.retry({ delayMs: 500, failure: FAILURE })),
  "giving a job back": settle((lease) => lease.release()),
  "failing a job": settle((lease) => lease.deadLetter(FAILURE)),
  "renewing a lease": settle((lease) => lease.renew(600_000)),
  "completing a job for which others wait": async (queue) => {
    const { known, lease } = await family(queue);
    return { known, act: () => lease.ack() };
  },
  "failing a job for which others wait": async (queue) => {
    const { known, lease } = await family(queue);
    return { known, act: () => lease.deadLetter(FAILURE) };
  },
  "cancelling jobs that wait": async (queue) => {
    const [parent = ""] = await queue.enqueue([shellJob("parent")]);
    const children = await queue.enqueue([shellJob("after", { after: [{ job: parent }] })]);
    return { known: [parent, ...children], act: () => queue.cancel([parent]) };
  },
  "cancelling a job that is run": async (queue) => {
    const known = await queue.enqueue([shellJob("one")]);
    await leased(queue);
    return { known, act: () => queue.cancel(known) };
  },
  "requeueing failed jobs": async (queue) => {
    const known = [await failed(queue), await failed(queue)];
    return { known, act: () => queue.requeue(known) };
  },
  "registering a worker": (queue) =>
    Promise.resolve({
      known: [],
      act: () => queue.workers.register({ id: "w", host: "host", pid: 1, slots: 1 }),
    }),
};
