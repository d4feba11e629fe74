import type { TempDir } from "./temp_dir.ts";

/** What becomes of a job; "slow" is to succeed, but its first execution outlasts a lock. */
export type Fate = "succeeds" | "slow" | "fails-once" | "fails";

/** One execution of a job. */
export interface FleetRun {
  readonly id: string;
  readonly fate: Fate;
  /** As the job was told, 1 for the first. */
  readonly attempt: number;
  /** Whether its worker was killed, then or later. */
  readonly onKilled: boolean;
  /** Undefined for one that was stopped, or killed with its worker. */
  readonly end?: "ok" | "failed";
}

/** Notes in the file how it begins and ends: `job.sh FATE NUMBER`. */
const SCRIPT = `
note() {
  echo "$JOBQ_JOB_ID $fate $JOBQ_ATTEMPT $FLEET_WORKER $$ $1" >> "$FLEET_RUNS"
}
fate=$1
pause=0.1
if [ $fate = slow ] && ! grep -q "^$JOBQ_JOB_ID " "$FLEET_RUNS"; then pause=4; fi
note begun
sleep $pause
case $fate-$JOBQ_ATTEMPT in
fails-?|fails-once-1)
  echo "job $2 is one that fails" >&2
  note failed
  exit 3
  ;;
esac
note ok
`;

/** A file in which jobs note their executions. */
export class FleetRuns {
  readonly #path: string;
  readonly #script: string;

  private constructor(dir: TempDir) {
    this.#path = dir.join("runs");
    this.#script = dir.join("job.sh");
  }

  static async make(dir: TempDir): Promise<FleetRuns> {
    const runs = new FleetRuns(dir);
    await Deno.writeTextFile(runs.#script, SCRIPT);
    await Deno.writeTextFile(runs.#path, "");
    return runs;
  }

  /** What a worker's jobs have to know. */
  envOf(worker: number): Record<string, string> {
    return { FLEET_RUNS: this.#path, FLEET_WORKER: String(worker) };
  }

  /** The commands of jobs, numbered from `first` on, so that no two are equal. */
  commands(fates: readonly Fate[], first: number): readonly string[] {
    return fates.map((fate, index) => `sh ${this.#script} ${fate} ${first + index}`);
  }

  /** All executions so far. */
  async all(wasKilled: (worker: number) => boolean): Promise<readonly FleetRun[]> {
    const runs = new Map<string, FleetRun>();
    for (const line of (await Deno.readTextFile(this.#path)).split("\n").slice(0, -1)) {
      const [id = "", fate, attempt, worker, pid, note] = line.split(" ");
      const key = `${id} ${worker} ${pid}`;
      runs.set(key, {
        id,
        fate: fate as Fate,
        attempt: Number(attempt),
        onKilled: wasKilled(Number(worker)),
        end: note === "ok" || note === "failed" ? note : undefined,
      });
    }
    return [...runs.values()];
  }
}
