/**
 * Workers that are killed again and again while they work: `deno run -A tests/support/chaos.ts JOBS` runs it
 * in large, as a JSON line of figures.
 */
import { openQueue } from "../../src/mod.ts";
import { JOBQ_WORDS } from "./jobq.ts";
import { TempDir } from "./temp_dir.ts";
import { WorkerProcess } from "./worker_process.ts";

export interface ChaosOptions {
  readonly jobs: number;
  readonly workers: number;
  readonly slots: number;
  /** One worker is killed with -9 this often, in ms. */
  readonly killEveryMs: number;
  readonly command: string;
}

export interface ChaosReport {
  readonly seconds: number;
  readonly kills: number;
  /** Jobs that never ran to their end. */
  readonly neverRan: number;
  /** Jobs that ran to their end more than once, because their worker was killed before it could say so. */
  readonly ranAgain: number;
  /** Jobs whose completion two workers report. */
  readonly completedTwice: number;
  readonly completed: number;
  readonly notFinished: number;
  readonly dead: number;
}

/** Pushes the jobs from a file, lets the workers run them while one is killed now and then, and counts. */
export async function runChaos(
  { jobs, workers, slots, killEveryMs, command }: ChaosOptions,
): Promise<ChaosReport> {
  await using dir = await TempDir.make();
  const path = dir.join("q.db");
  const runs = dir.join("runs");
  await Deno.writeTextFile(dir.join("jobs.txt"), `${command}; echo $JOBQ_JOB_ID >> ${runs}\n`.repeat(jobs));
  const [program = "", ...words] = JOBQ_WORDS;
  const push = new Deno.Command("bash", {
    args: ["-c", '"$@" < "$JOBS"', "push", program, ...words, path, "push"],
    env: { JOBS: dir.join("jobs.txt") },
    stdout: "piped",
  });
  const ids = new TextDecoder().decode((await push.output()).stdout).trim().split("\n");

  const startedAt = performance.now();
  const logs: string[] = [];
  let kills = 0;
  const start = () =>
    new WorkerProcess(path, ["-n", String(slots), "--visibility-timeout", "5s", "--idle-timeout", "7s"]);
  const fleet = Array.from({ length: workers }, start);
  await using queue = await openQueue(path);
  const notFinished = async () => (await queue.counts()).unfinished;
  for (let turn = 0; await notFinished() > 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, killEveryMs));
    const victim = fleet[turn % workers];
    // The last jobs are left to the workers in peace, or they would be killed for ever.
    if (victim === undefined || await notFinished() <= workers * slots) continue;
    victim.signal("SIGKILL");
    await victim.ended();
    kills++;
    logs.push(victim.log);
    fleet[turn % workers] = start();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const worker of fleet) {
    worker.signal("SIGTERM");
    await worker.ended();
    logs.push(worker.log);
  }

  const ran = countEach((await Deno.readTextFile(runs)).trim().split("\n"));
  const reported = countEach(
    logs.flatMap((log) => [...log.matchAll(/job (\S+) completed/g)].map(([, id = ""]) => id)),
  );
  const { completed = 0, failed } = await queue.counts();
  return {
    seconds,
    kills,
    neverRan: ids.filter((id) => !ran.has(id)).length,
    ranAgain: [...ran.values()].filter((count) => count > 1).length,
    completedTwice: [...reported.values()].filter((count) => count > 1).length,
    completed,
    notFinished: await notFinished(),
    dead: failed ?? 0,
  };
}

function countEach(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

if (import.meta.main) {
  const jobs = Number(Deno.args[0] ?? 10_000);
  const report = await runChaos({ jobs, workers: 4, slots: 2, killEveryMs: 1_000, command: "true" });
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
}
