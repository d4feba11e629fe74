import { openQueue } from "../../src/mod.ts";
import { countFleet, type FleetCounts, hotFiles } from "./directory_fleet_counts.ts";
import { type FleetFate, JobRuns, repeat } from "./directory_fleet_runs.ts";
import { jobq } from "./jobq.ts";
import { TempDir } from "./temp_dir.ts";
import { waitUntil } from "./wait_until.ts";
import { WorkerFleet } from "./worker_fleet.ts";
import { WorkerProcess } from "./worker_process.ts";

export interface DirectoryFleetOptions {
  /** What becomes of each job. */
  readonly fates: readonly FleetFate[];
  readonly workers: number;
  readonly slots: number;
  /** One worker is killed with -9 this often, in ms; another one takes its place. */
  readonly killEveryMs?: number;
  /** One of those with a short lease is stopped this often, in ms, for longer than that. */
  readonly stopEveryMs?: number;
  /** What else befalls the workers, by their process ids, again and again after at most this long, in ms. */
  readonly trouble?: {
    readonly withinMs: number;
    readonly act: (pids: readonly number[]) => Promise<boolean>;
  };
  /** Whether a worker's leases end soon, so that it may be stopped for longer. Default: each third one's do. */
  readonly hasShortLease?: (worker: number) => boolean;
  /** How long a short lease is, in ms. Default 3 s. */
  readonly shortLeaseMs?: number;
  /** How pushers and workers reach the queue in the directory. Default: by its path. */
  readonly addressOf?: (directory: string) => string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the fleet made of its jobs. */
export interface DirectoryFleetReport {
  readonly counts: FleetCounts;
  readonly seconds: number;
  readonly kills: number;
  readonly stops: number;
  readonly troubles: number;
  /** The exit codes of the workers that were there at the end. */
  readonly codes: readonly number[];
  /** What is left in the directories in which nothing should be. */
  readonly left: readonly string[];
}

const LIMIT_MS = 180_000;
/** A worker is stopped for so much longer than a short lease, in ms; other leases are longer than the test. */
const BEYOND_LEASE_MS = 1_500;

/** Has workers run the jobs until all have ended, while they are pushed and beyond. */
export async function runDirectoryFleet(options: DirectoryFleetOptions): Promise<DirectoryFleetReport> {
  const { fates, workers, killEveryMs, stopEveryMs, trouble, addressOf = (path) => path, env = {} } = options;
  const { hasShortLease = (number) => number % 3 === 0, shortLeaseMs = 3_000 } = options;
  await using dir = await TempDir.make();
  const directory = dir.join("the queue");
  const address = addressOf(directory);
  const runs = await JobRuns.make(dir);
  const lines = fates.map((fate, number) => `${runs.command(fate, number)}\n`);
  const push = async (some: readonly string[]) => {
    const { code, stdout, stderr } = await jobq([address, "push"], { stdin: some.join(""), env });
    if (code !== 0) throw new Error(`the push exited with ${code}: ${stderr}`);
    return stdout.trim().split("\n");
  };
  // The directory is made by the first push.
  const half = Math.floor(lines.length / 2);
  const acknowledged = await push(lines.slice(0, half));
  const startedAt = performance.now();
  await using queue = await openQueue(directory);
  await using fleet = new WorkerFleet(
    workers,
    (number) =>
      new WorkerProcess(address, workerArgs(options, hasShortLease(number) ? shortLeaseMs : undefined), {
        ...env,
        ...runs.envOf(number),
      }),
  );
  const over = new AbortController();
  const notFinished = async () => (await queue.counts()).unfinished;
  // The last jobs are left to the workers in peace, or some of them would be killed too often to be tried again.
  const unlessLast = (act: () => Promise<boolean>) => async () =>
    await notFinished() > workers * options.slots && await act();
  const every = (pauseMs: (() => number) | number | undefined, act: () => Promise<boolean>) =>
    pauseMs === undefined ? 0 : repeat(over.signal, {
      pauseMs: typeof pauseMs === "number" ? () => pauseMs : pauseMs,
      act: unlessLast(act),
    });
  const doing = Promise.all([
    every(killEveryMs, () => fleet.killOldest()),
    every(stopEveryMs, () => fleet.stopOne(shortLeaseMs + BEYOND_LEASE_MS, hasShortLease)),
    trouble ? every(() => Math.random() * trouble.withinMs, () => trouble.act(fleet.pids)) : 0,
  ]);
  try {
    acknowledged.push(...await push(lines.slice(half)));
    await waitUntil(async () => await notFinished() === 0, {
      limitMs: LIMIT_MS,
      what: "the end of the queue",
    });
  } catch (error) {
    throw new Error(`${error}\n${JSON.stringify(await queue.counts())}\n${fleet.logs}`);
  } finally {
    over.abort();
    await doing;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const [kills, stops, troubles] = await doing;
  // Those that are there see to what the killed ones left.
  await waitUntil(async () => (await holdersOf(directory)) <= workers, { what: "the end of dead holders" });
  const codes = await fleet.leave();
  const counts = await countFleet({
    attempted: fates.length,
    acknowledged,
    runs: await runs.all(),
    queue,
    wasDisturbed: (worker) => fleet.wasDisturbed(worker),
    attemptsOf: (id) => fates[acknowledged.indexOf(id)] === "fails-once" ? 2 : 1,
  });
  return { counts, seconds, kills, stops, troubles, codes, left: await hotFiles(directory) };
}

const workerArgs = ({ slots }: DirectoryFleetOptions, leaseMs: number | undefined): readonly string[] => [
  ...["-n", String(slots), "-v", "--idle-timeout", "forever", "--max-consecutive-failures", "none"],
  ...leaseMs === undefined ? [] : ["--visibility-timeout", `${leaseMs}ms`],
];

async function holdersOf(directory: string): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`${directory}/held`))).length;
}
