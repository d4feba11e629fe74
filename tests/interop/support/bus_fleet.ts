import { waitUntil } from "../../support/wait_until.ts";
import { BusQueue } from "./bus_queue.ts";

/** What a mixed fleet made of its jobs. */
export interface BusFleetReport {
  /** Jobs that ran at least once. */
  readonly ran: number;
  /** Runs beyond the first of a job. */
  readonly repeats: number;
  readonly runsByJobq: number;
  readonly runsByPython: number;
  readonly left: BusQueue["counts"];
}

const LIMIT_MS = 120_000;
const WORKER_FLAGS = ["--num-workers", "4"];

/**
 * Pushes jobs with jobq at once, and lets two workers of each tool run them, of which one each is killed as by a power
 * cut in the middle.
 *
 * @param lockDurationMs after which the jobs of killed workers come back; the first jobs of Python workers take seconds
 */
export async function runBusFleet(jobs: number, lockDurationMs: number): Promise<BusFleetReport> {
  await using queue = await BusQueue.make({ lockDurationMs });
  const out = queue.dir.join("runs");
  /** Of each run the job's number, and the jobq worker that ran it, if it was one. */
  const runs = async () => {
    const text = await Deno.readTextFile(out).catch(() => "");
    return text.split("\n").slice(0, -1).map((line) => line.split(" "));
  };
  const until = async (count: number) => {
    const isReached = async () => new Set((await runs()).map(([job]) => job)).size >= count;
    await waitUntil(isReached, { limitMs: LIMIT_MS, what: `the run of ${count} jobs` });
  };
  const commands = Array.from(
    { length: jobs },
    (_, job) => `sleep 0.1; echo "${job} $JOBQ_WORKER_ID" >> ${out}\n`,
  );
  await queue.jobq(["push"], { stdin: commands.join("") });
  await using doomedPython = await queue.pythonWorker(WORKER_FLAGS);
  await using python = await queue.pythonWorker(WORKER_FLAGS);
  // They take long to start, and are to have their part of the jobs.
  for (const worker of [doomedPython, python]) {
    const isStarted = () => worker.log.includes("Task starting");
    await waitUntil(isStarted, { limitMs: LIMIT_MS, what: "a Python worker's job" });
  }
  await using doomedJobq = queue.jobqWorker(WORKER_FLAGS);
  await using jobq = queue.jobqWorker([...WORKER_FLAGS, "--idle-timeout", "forever"]);
  await until(jobs / 3);
  await doomedPython.kill();
  await until(jobs / 2);
  doomedJobq.signal("SIGKILL");
  await until(jobs);
  await waitUntil(() => queue.counts.messages === 0, { limitMs: LIMIT_MS, what: "the queue's end" });
  jobq.signal("SIGUSR1");
  const codes = await Promise.all([jobq.ended(), python.ended()]);
  if (codes.some((code) => code !== 0)) throw new Error(`a worker failed: ${jobq.log}\n${python.log}`);
  const all = await runs();
  const ran = new Set(all.map(([job]) => job)).size;
  const runsByPython = all.filter(([, worker]) => worker === "").length;
  return {
    ran,
    repeats: all.length - ran,
    runsByJobq: all.length - runsByPython,
    runsByPython,
    left: queue.counts,
  };
}
