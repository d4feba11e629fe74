import { systemClock } from "../../src/core/clock.ts";
import type { TempDir } from "./temp_dir.ts";

/** What becomes of a job; "slow" takes a second, "fails-once" ends well at its second attempt. */
export type FleetFate = "succeeds" | "slow" | "fails-once";

/** One execution of a job, as the job itself noted it. */
export interface JobRun {
  /** The number of its worker. */
  readonly worker: number;
  readonly pid: number;
  /** As the job was told, 1 for the first. */
  readonly attempt: number;
  /** Undefined for one that was stopped, or killed with its worker. */
  readonly end?: "ok" | "failed";
}

/** Notes in the job's own file how it begins and ends: `job.sh FATE NUMBER`. */
const SCRIPT = `
note() {
  echo "$FLEET_WORKER $$ $JOBQ_ATTEMPT $1" >> "$FLEET_RUNS/$JOBQ_JOB_ID"
}
note begun
case $1-$JOBQ_ATTEMPT in
slow-*) sleep 1 ;;
fails-once-1)
  note failed
  exit 3
  ;;
esac
note ok
`;

/** A directory in which each job has a file of its own, in which it notes its executions. */
export class JobRuns {
  readonly #directory: string;
  readonly #script: string;

  private constructor(directory: string, script: string) {
    this.#directory = directory;
    this.#script = script;
  }

  static async make(dir: TempDir): Promise<JobRuns> {
    const runs = new JobRuns(dir.join("runs"), dir.join("job.sh"));
    await Deno.mkdir(runs.#directory);
    await Deno.writeTextFile(runs.#script, SCRIPT);
    return runs;
  }

  /** What a worker's jobs have to know. */
  envOf(worker: number): Record<string, string> {
    return { FLEET_RUNS: this.#directory, FLEET_WORKER: String(worker) };
  }

  command(fate: FleetFate, number: number): string {
    return `sh ${this.#script} ${fate} ${number}`;
  }

  /** The executions of each job, by its id; jobs that never began are not among them. */
  async all(): Promise<ReadonlyMap<string, readonly JobRun[]>> {
    const jobs = new Map<string, readonly JobRun[]>();
    for await (const { name } of Deno.readDir(this.#directory)) {
      jobs.set(name, readRuns(await Deno.readTextFile(`${this.#directory}/${name}`)));
    }
    return jobs;
  }
}

function readRuns(text: string): readonly JobRun[] {
  const runs = new Map<string, JobRun>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [worker = "", pid = "", attempt, note] = line.split(" ");
    runs.set(`${worker} ${pid}`, {
      worker: Number(worker),
      pid: Number(pid),
      attempt: Number(attempt),
      end: note === "ok" || note === "failed" ? note : undefined,
    });
  }
  return [...runs.values()];
}

/** Does something again and again until the signal; answers how often that was done. */
export async function repeat(
  signal: AbortSignal,
  { pauseMs, act }: { pauseMs: () => number; act: () => Promise<boolean> },
): Promise<number> {
  for (let count = 0;;) {
    await systemClock.sleep(pauseMs(), signal);
    if (signal.aborted) return count;
    if (await act()) count++;
  }
}
