import { type NewJob, openQueue, type Queue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import type { Benchmark } from "./result.ts";
import { Takers } from "./takers.ts";

/** Jobs that are taken in one go; then as many are pushed again, so that the depth stays. */
const CHUNK = 500;
const PRIORITIES = 100;

/** Lease and ack on a queue with jobs of 100 priorities and as many blocked ones as ready ones, beside a plain queue. */
export const crowdedClaim: Benchmark = async ({ quick, directory }) => {
  const depth = quick ? 10_000 : 100_000;
  await using stack = new AsyncDisposableStack();
  const contender = async (name: string, prepare: (jobs: readonly NewJob[]) => readonly NewJob[]) => {
    const path = `${directory}/${name}.db`;
    const queue = stack.use(await openQueue(path, { durability: "normal" }));
    const push = (count: number) => pushInPieces(queue, prepare(jobsOf(commandLines(count))));
    await push(depth);
    if (name === "crowded") await block(queue, depth);
    const takers = stack.use(new Takers({ kind: "jobq", path, durability: "normal", count: 1 }));
    await takers.take(CHUNK);
    return async () => {
      await push(CHUNK);
      return await secondsOf(() => takers.take(CHUNK)) * 1e6 / CHUNK;
    };
  };
  const times = await interleave(quick ? 3 : 11, {
    plain: await contender("plain", (jobs) => jobs),
    crowded: await contender(
      "crowded",
      (jobs) => jobs.map((job, index) => ({ ...job, priority: index % PRIORITIES })),
    ),
  });
  const size = `${depth / 1_000}k`;
  return [{
    what:
      `lease+ack, ${size} jobs of ${PRIORITIES} priorities, ${size} blocked; baseline: ${size} jobs alike`,
    figure: { value: times.crowded, unit: "µs/job" },
    baseline: { value: times.plain, unit: "µs/job" },
    limit: quick ? undefined : { of: "ratio", at: "most", value: 1.2 },
  }];
};

/** Adds jobs that wait for one that is never run. */
async function block(queue: Queue, count: number): Promise<void> {
  const [parent = ""] = await queue.enqueue([{
    ...jobsOf(["true"])[0] as NewJob,
    priority: -1,
  }]);
  const children = jobsOf(commandLines(count)).map((job) => ({ ...job, after: [{ job: parent }] }));
  await pushInPieces(queue, children);
}

async function pushInPieces(queue: Queue, jobs: readonly NewJob[]): Promise<void> {
  for (let start = 0; start < jobs.length; start += 2_000) {
    await queue.enqueue(jobs.slice(start, start + 2_000));
  }
}
