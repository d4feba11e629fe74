import { openQueue, type Queue } from "../../src/mod.ts";
import { countFleet, type FleetCounts } from "./directory_fleet_counts.ts";
import { type FleetFate, JobRuns } from "./directory_fleet_runs.ts";
import { jobq } from "./jobq.ts";
import { shimEnv, type ShimOptions } from "./slow_share/shim.ts";
import { TempDir } from "./temp_dir.ts";
import { waitUntil } from "./wait_until.ts";
import { WorkerFleet } from "./worker_fleet.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What the fleet made of its jobs. */
export interface SlowShareReport {
  readonly counts: FleetCounts;
  readonly seconds: number;
  /** The exit codes of the workers that were there at the end. */
  readonly codes: readonly number[];
}

const WORKERS = 3;
const LIMIT_MS = 120_000;
const LEASE = "10s";

/** Jobs alone, some of which fail once or have to wait, and chains of three, by the two pushers. */
const ALONE = 90;
const CHAINS = 20;
/** Lines of one push. */
const PART = 30;

/**
 * Has workers in whose eyes the queue's directory is such a share, of which one is killed, run jobs that processes with
 * the same eyes push.
 */
export async function runSlowShareFleet(share: Omit<ShimOptions, "directory">): Promise<SlowShareReport> {
  await using dir = await TempDir.make();
  const directory = dir.join("share/queue");
  await Deno.mkdir(dir.join("share"));
  const env = shimEnv({ ...share, directory: dir.join("share") });
  const runs = await JobRuns.make(dir);
  const fates = new Map<string, FleetFate>();
  const push = async (lines: readonly Line[]) => {
    for (let first = 0; first < lines.length; first += PART) {
      const part = lines.slice(first, first + PART);
      const ids = await pushLines(directory, part, { runs, env });
      part.forEach(({ fate }, index) => fates.set(ids[index] ?? "none", fate));
    }
  };
  const startedAt = performance.now();
  const alone = linesAlone();
  // Makes the queue, which others find when they see it.
  await push(alone.slice(0, PART));
  await waitUntil(async () => (await jobq([directory, "size"], { env })).code === 0, { what: "the queue" });
  const pushing = Promise.allSettled([push(alone.slice(PART)), push(chains())]);
  await using fleet = new WorkerFleet(
    WORKERS,
    (number) => new WorkerProcess(directory, WORKER_ARGS, { ...env, ...runs.envOf(number) }),
  );
  const begun = async () => (await runs.all()).size;
  try {
    await waitUntil(async () => await begun() >= 10, { limitMs: LIMIT_MS, what: "the beginning" });
    await fleet.killOldest();
    for (const push of await pushing) if (push.status === "rejected") throw push.reason;
    await using queue = await openQueue(directory, { create: false });
    await waitUntil(async () => (await queue.counts()).unfinished === 0, {
      limitMs: LIMIT_MS,
      what: "the end of the queue",
    });
    const seconds = (performance.now() - startedAt) / 1_000;
    const codes = await fleet.leave();
    return { counts: await count(queue, { fates, runs, fleet }), seconds, codes };
  } catch (error) {
    await pushing;
    throw new Error(`${error}\n${await leftOf(directory)}\n${fleet.logs}`);
  }
}

const WORKER_ARGS = [
  ...["-n", "2", "-v", "--idle-timeout", "forever", "--visibility-timeout", LEASE],
  ...["--max-consecutive-failures", "none"],
];

/** A line of a push. */
interface Line {
  readonly fate: FleetFate;
  readonly more: Readonly<Record<string, unknown>>;
}

function linesAlone(): readonly Line[] {
  return Array.from({ length: ALONE }, (_, number): Line => {
    if (number % 10 === 3) return { fate: "fails-once", more: { num_retries: 1, retry_delay: "200ms" } };
    if (number % 10 === 5) return { fate: "slow", more: {} };
    return { fate: "succeeds", more: number % 10 === 7 ? { delay: "1500ms" } : {} };
  });
}

function chains(): readonly Line[] {
  return Array.from({ length: CHAINS }, (_, chain): readonly Line[] => {
    const [first, second] = [`${chain}-first`, `${chain}-second`];
    return [
      { fate: "succeeds", more: { key: first } },
      { fate: "succeeds", more: { key: second, after: [first] } },
      { fate: "succeeds", more: { after: [first, second] } },
    ];
  }).flat();
}

/** @returns the ids that were printed */
async function pushLines(
  directory: string,
  lines: readonly Line[],
  { runs, env }: { runs: JobRuns; env: Record<string, string> },
): Promise<readonly string[]> {
  const stdin = lines.map(({ fate, more }, number) =>
    `${JSON.stringify({ cmd: runs.command(fate, number), ...more })}\n`
  ).join("");
  const { code, stdout, stderr } = await jobq([directory, "push"], { stdin, env });
  if (code !== 0) throw new Error(`a push exited with ${code}: ${stderr}`);
  return stdout.trim().split("\n");
}

async function count(
  queue: Queue,
  { fates, runs, fleet }: { fates: ReadonlyMap<string, FleetFate>; runs: JobRuns; fleet: WorkerFleet },
): Promise<FleetCounts> {
  return await countFleet({
    attempted: ALONE + 3 * CHAINS,
    acknowledged: [...fates.keys()],
    runs: await runs.all(),
    queue,
    wasDisturbed: (worker) => fleet.wasDisturbed(worker),
    attemptsOf: (id) => fates.get(id) === "fails-once" ? 2 : 1,
  });
}

/** What is in the directory, but for what has ended. */
async function leftOf(directory: string): Promise<string> {
  const args = [directory, "-path", "*/done/*", "-prune", "-o", "-type", "f", "-printf", "%P\n"];
  const { stdout } = await new Deno.Command("find", { args }).output();
  return new TextDecoder().decode(stdout);
}
