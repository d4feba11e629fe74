import { openQueue, type Queue } from "@jobq/jobq";
import { jobsOf } from "./commands.ts";
import { median } from "./interleave.ts";
import { cpuMs } from "./process_status.ts";
import { jobq, start } from "./processes.ts";
import type { Benchmark } from "./result.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a worker at an empty queue uses, and how soon it is awake. */
export const idle: Benchmark = async ({ quick, directory }) => {
  const path = `${directory}/jobs.db`;
  await using queue = await openQueue(path);
  const worker = start(jobq("worker", "--quiet", "--idle-timeout", "forever", "-q", path));
  try {
    const output = `${directory}/started`;
    // The first job makes the runner ready; what follows is the worker's daily life.
    await delayOfJob(queue, output);
    await sleep(2_000);
    const share = await cpuShare(worker.pid, quick ? 5_000 : 20_000);
    const [delays, spawns] = [[] as number[], [] as number[]];
    for (let i = 0; i < (quick ? 5 : 30); i++) {
      await sleep(300 + 700 * Math.random());
      delays.push(await delayOfJob(queue, output));
      spawns.push(await delayOfSpawn(output));
    }
    const baseline = { value: median(spawns), unit: "ms" };
    return [
      {
        what: "CPU of a worker at an empty queue, of one core",
        figure: { value: share * 100, unit: "%" },
        limit: { of: "figure", at: "most", value: 0.5 },
      },
      {
        what: "push by another process to the job's start, median; baseline: bare Deno.Command",
        figure: { value: median(delays), unit: "ms" },
        baseline,
        limit: { of: "figure", at: "most", value: 50 },
      },
      { what: "the same, slowest", figure: { value: Math.max(...delays), unit: "ms" }, baseline },
    ];
  } finally {
    worker.kill("SIGTERM");
    await Promise.all([worker.status, worker.stderr.cancel()]);
  }
};

async function cpuShare(pid: number, spanMs: number): Promise<number> {
  const before = await cpuMs(pid);
  const start = performance.now();
  await sleep(spanMs);
  return (await cpuMs(pid) - before) / (performance.now() - start);
}

/** The program writes when it started, in ns since the epoch; the name changes when the content is complete. */
const noteStart = (path: string) => `date +%s%N >${path}.new && mv ${path}.new ${path}`;

/** From just before the push to the job's first act, in ms. */
async function delayOfJob(queue: Queue, output: string): Promise<number> {
  const pushedAt = now();
  await queue.enqueue(jobsOf([noteStart(output)]));
  return await startedAt(output) - pushedAt;
}

/** The same without a queue. */
async function delayOfSpawn(output: string): Promise<number> {
  const spawnedAt = now();
  await new Deno.Command("bash", { args: ["-c", noteStart(output)] }).output();
  return await startedAt(output) - spawnedAt;
}

/** Waits for the file, takes it away and answers its instant, in ms since the epoch. */
async function startedAt(path: string): Promise<number> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 5) {
    const text = await Deno.readTextFile(path).catch(() => undefined);
    if (text !== undefined) {
      await Deno.remove(path);
      return Number(text) / 1e6;
    }
    await sleep(5);
  }
  throw new Error("the worker did not run the job within 30 s");
}

const now = () => performance.timeOrigin + performance.now();
