import { type Durability, openQueue } from "@jobq/jobq";
import { jobsOf } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { denoRun, jobq, run, sibling } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

const TRUE = ["bash", "-c", "true"];

interface Setting {
  readonly directory: string;
  readonly jobs: number;
  /** At a time. */
  readonly width: number;
}

/** `jobq worker` on jobs that do nothing but start and end, beside the barest ways to start them. */
export const children: Benchmark = async ({ quick, directory }) => {
  const results: Result[] = [];
  for (const width of [1, 2, 8]) {
    const setting = { directory, width, jobs: quick ? 300 : 2_000 };
    results.push(...await measure(setting, quick ? 1 : 5));
  }
  return results;
};

async function measure(setting: Setting, rounds: number): Promise<readonly Result[]> {
  const { jobs, width } = setting;
  const nothing = { ...setting, jobs: 0 };
  const seconds = await interleave(rounds, {
    worker: () => runWorker(setting, "full"),
    loop: () => runLoop(setting, TRUE),
    workerNormal: () => runWorker(setting, "normal"),
    setsidLoop: () => runLoop(setting, ["setsid", "--", ...TRUE]),
    xargs: () => runXargs(setting),
    workerStart: () => runWorker(nothing, "full"),
    loopStart: () => runLoop(nothing, TRUE),
  });
  const line = (what: string, ours: number, theirs: number): Result => ({
    what: `${width} at a time: ${what}`,
    figure: { value: jobs / ours, unit: "jobs/s" },
    baseline: { value: jobs / theirs, unit: "jobs/s" },
  });
  const { worker, workerNormal, loop, setsidLoop, xargs, workerStart, loopStart } = seconds;
  return [
    {
      ...line("whole process; baseline: bare Deno.Command loop", worker, loop),
      limit: width === 2 ? { of: "ratio", at: "least", value: 0.8 } : undefined,
    },
    line("the same, without start-up on both sides", worker - workerStart, loop - loopStart),
    line("baseline: bare loop with setsid", worker, setsidLoop),
    line("baseline: xargs -P", worker, xargs),
    line("--durability normal; baseline: bare Deno.Command loop", workerNormal, loop),
  ];
}

/** The seconds that a worker takes from its start to its end at the empty queue. */
async function runWorker({ directory, jobs, width }: Setting, durability: Durability): Promise<number> {
  const path = await Deno.makeTempFile({ dir: directory, suffix: ".db" });
  {
    await using queue = await openQueue(path, { durability: "normal" });
    await queue.enqueue(jobsOf(Array.from({ length: jobs }, () => "true")));
  }
  const args = ["--quiet", "-n", `${width}`, "--durability", durability, "-q", path];
  return await secondsOf(() => run(jobq("worker", ...args)));
}

function runLoop({ jobs, width }: Setting, words: readonly string[]): Promise<number> {
  return secondsOf(() => run(denoRun(sibling("spawn_loop.ts"), `${jobs}`, `${width}`, ...words)));
}

async function runXargs({ directory, jobs, width }: Setting): Promise<number> {
  const input = `${directory}/xargs.txt`;
  await Deno.writeTextFile(input, "true\n".repeat(jobs));
  return await secondsOf(() => run(["xargs", "-P", `${width}`, "-n", "1", "bash", "-c"], { input }));
}
