import { TempDir } from "../../support/temp_dir.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { SharedQueue } from "./shared_queue.ts";

/** What a mixed fleet made of its jobs. */
export interface FleetReport {
  readonly pushMs: number;
  /** From the start of the workers until nothing was left. */
  readonly runMs: number;
  /** Jobs that ran at least once. */
  readonly ran: number;
  /** Runs beyond the first of a job. */
  readonly repeats: number;
  readonly runsByJobq: number;
  readonly runsByPython: number;
  readonly left: { readonly messages: number; readonly dead: number };
}

/** Jobs of killed workers come back after this. */
const WORKER_FLAGS = ["--num-workers", "4", "--visibility-timeout", "10s"];
const LIMIT_MS = 300_000;

/**
 * Pushes jobs with jobq at once, and lets two workers of each tool run them, of which one each is killed as by a power
 * cut in the middle.
 */
export async function runFleet(jobs: number): Promise<FleetReport> {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  const runs = new Runs(dir.join("runs"));
  const began = Date.now();
  await queue.jobq(["push"], { stdin: runs.commands(jobs) });
  const pushed = Date.now();
  await using doomedPython = await queue.pythonWorker(WORKER_FLAGS);
  await using python = await queue.pythonWorker(WORKER_FLAGS);
  // They take long to start, and are to have their part of the jobs.
  for (const worker of [doomedPython, python]) {
    await waitUntil(() => worker.log.includes("Task starting"), {
      limitMs: LIMIT_MS,
      what: "a Python worker's job",
    });
  }
  await using doomedJobq = queue.jobqWorker(WORKER_FLAGS);
  await using jobq = queue.jobqWorker([...WORKER_FLAGS, "--idle-timeout", "forever"]);
  await runs.atLeast(jobs / 3);
  await doomedPython.kill();
  await runs.atLeast(jobs / 2);
  doomedJobq.signal("SIGKILL");
  await runs.atLeast(jobs);
  const isEmpty = async () => (await queue.counts()).messages === 0;
  await waitUntil(isEmpty, { limitMs: LIMIT_MS, what: "the queue's end" });
  const ended = Date.now();
  jobq.signal("SIGUSR1");
  const codes = await Promise.all([jobq.ended(), python.ended()]);
  if (codes.some((code) => code !== 0)) throw new Error(`a worker failed: ${jobq.log}\n${python.log}`);
  const { jobs: ran, byJobq, byPython } = await runs.all();
  return {
    pushMs: pushed - began,
    runMs: ended - pushed,
    ran: ran.size,
    repeats: byJobq + byPython - ran.size,
    runsByJobq: byJobq,
    runsByPython: byPython,
    left: await queue.counts(),
  };
}

/** A file to which each job appends a line when it has run: its number, and the jobq worker that ran it. */
class Runs {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The commands of the jobs, one a line. */
  commands(jobs: number): string {
    return Array.from(
      { length: jobs },
      (_, job) => `sleep 0.1; echo "${job} $JOBQ_WORKER_ID" >> ${this.#path}\n`,
    ).join("");
  }

  async all(): Promise<{ jobs: ReadonlySet<string>; byJobq: number; byPython: number }> {
    const text = await Deno.readTextFile(this.#path).catch(() => "");
    const runs = text.split("\n").slice(0, -1).map((line) => line.split(" "));
    const byPython = runs.filter(([, worker]) => worker === "").length;
    return { jobs: new Set(runs.map(([job = ""]) => job)), byJobq: runs.length - byPython, byPython };
  }

  /** Waits until so many jobs have run. */
  async atLeast(count: number): Promise<void> {
    const isReached = async () => (await this.all()).jobs.size >= count;
    await waitUntil(isReached, { limitMs: LIMIT_MS, what: `the run of ${count} jobs` });
  }
}
