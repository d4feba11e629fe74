import { type NewJob, openQueue, type Queue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";
import { interleave } from "./interleave.ts";
import type { Benchmark, Result } from "./result.ts";

const LEASE = { leaseMs: 600_000, waitMs: 0 } as const;

/** The time that completing a job takes when others wait for it, beside a job for which nobody waits. */
export const fanOut: Benchmark = async ({ quick, directory }) => {
  const sizes = [1, 10, 1_000];
  const rounds = quick ? 5 : 31;
  await using queue = await openQueue(`${directory}/jobs.db`, { durability: "normal" });
  // The contenders share a file: each finds its own job at the head, as all others are blocked or completed.
  const contenders = Object.fromEntries(
    [0, ...sizes].map((size) => [`${size}`, () => ackOfParent(queue, size)]),
  );
  const times = await interleave(rounds, contenders);
  return sizes.map((size): Result => ({
    what: `completing a job with ${size.toLocaleString("en-US")} children; baseline: with none`,
    figure: { value: times[`${size}`] ?? NaN, unit: "µs" },
    baseline: { value: times["0"] ?? NaN, unit: "µs" },
  }));
};

/** Pushes a job with so many children and completes it; answers how long the completing took, in µs. */
async function ackOfParent(queue: Queue, children: number): Promise<number> {
  const [parent] = jobsOf(["true"]) as [NewJob];
  const after = [{ key: "parent" }];
  await queue.enqueue([
    { ...parent, key: "parent" },
    ...jobsOf(commandLines(children)).map((job) => ({ ...job, after })),
  ]);
  const lease = await queue.lease(LEASE);
  if (lease === undefined) throw new Error("the queue is empty");
  const start = performance.now();
  await lease.ack();
  const time = (performance.now() - start) * 1_000;
  await queue.purge();
  return time;
}
