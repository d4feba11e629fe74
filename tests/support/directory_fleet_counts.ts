import type { JobDetails } from "../../src/core/job_store.ts";
import type { Queue } from "../../src/core/queue.ts";
import type { JobRun } from "./directory_fleet_runs.ts";

/** What became of the jobs of a fleet, in numbers of jobs. */
export interface FleetCounts {
  /** Lines that were given to a push. */
  readonly attempted: number;
  /** Ids that the pushes printed. */
  readonly acknowledged: number;
  /** Recorded as completed, once, after an execution that noted that it ended well. */
  readonly ok: number;
  /** Acknowledged, and neither completed nor on the queue any more. */
  readonly lost: number;
  /** Dead letters. */
  readonly dead: number;
  /** Ended well more than once, by their own notes. */
  readonly duplicated: number;
  /** Recorded as completed more than once, or attempted more often than they should; or that nobody pushed. */
  readonly unexpected: number;
  /** Begun more than once although no worker of theirs was killed or stopped. */
  readonly repeated: number;
  /** Did not end under a worker that was killed or stopped, and completed. */
  readonly recovered: number;
}

export interface FleetFacts {
  readonly attempted: number;
  readonly acknowledged: readonly string[];
  readonly runs: ReadonlyMap<string, readonly JobRun[]>;
  readonly queue: Queue;
  /** Whether a worker was killed or stopped. */
  readonly wasDisturbed: (worker: number) => boolean;
  /** How often a job is attempted. */
  readonly attemptsOf: (id: string) => number;
}

/** Counts, by what the jobs noted and by what the queue keeps of them. */
export async function countFleet(
  { attempted, acknowledged, runs, queue, wasDisturbed, attemptsOf }: FleetFacts,
): Promise<FleetCounts> {
  const details = new Map<string, JobDetails | undefined>();
  for (const id of acknowledged) details.set(id, await queue.get(id));
  const ids = [...details.keys()];
  const isCompleted = (id: string) => details.get(id)?.state === "completed";
  const okRuns = (id: string) => (runs.get(id) ?? []).filter(({ end }) => end === "ok").length;
  const isUnexpected = (id: string) => {
    const job = details.get(id);
    return job !== undefined && !isAsExpected(job, attemptsOf(id));
  };
  const isRepeated = (id: string) => {
    const [all, extra] = [runs.get(id) ?? [], attemptsOf(id)];
    return all.length > extra && !all.some(({ worker }) => wasDisturbed(worker));
  };
  const isTorn = (id: string) =>
    (runs.get(id) ?? []).some(({ worker, end }) => end === undefined && wasDisturbed(worker));
  return {
    attempted,
    acknowledged: ids.length,
    ok: ids.filter((id) => isCompleted(id) && okRuns(id) > 0).length,
    lost: ids.filter((id) => details.get(id) === undefined || (isCompleted(id) && okRuns(id) === 0)).length,
    dead: ids.filter((id) => ["failed", "timeout"].includes(details.get(id)?.state ?? "")).length,
    duplicated: ids.filter((id) => okRuns(id) > 1).length,
    unexpected: ids.filter(isUnexpected).length + [...runs.keys()].filter((id) => !details.has(id)).length,
    repeated: ids.filter(isRepeated).length,
    recovered: ids.filter((id) => isCompleted(id) && isTorn(id)).length,
  };
}

/** Its last execution is the one that completed it, and as many others count as should. */
function isAsExpected({ state, history, attempts }: JobDetails, expected: number): boolean {
  if (state !== "completed") return true;
  const completed = history.filter(({ outcome }) => outcome === "completed").length;
  return completed === 1 && history.at(-1)?.outcome === "completed" && attempts === expected &&
    history.every(({ outcome }) => ["completed", "failed", "lost", "interrupted"].includes(outcome));
}

/** The directories of a queue in which no file is left when all is done. */
const HOT: readonly string[] = ["ready", "delayed", "blocked", "held", "tmp", "batches"];

/** The files that are left in them, by their paths below the queue's directory; sorted. */
export async function hotFiles(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const look = async (path: string): Promise<void> => {
    for (const entry of await Array.fromAsync(Deno.readDir(`${directory}/${path}`)).catch(() => [])) {
      if (entry.isDirectory) await look(`${path}/${entry.name}`);
      else found.push(`${path}/${entry.name}`);
    }
  };
  for (const path of HOT) await look(path);
  return found.sort();
}
