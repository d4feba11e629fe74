import { systemClock } from "../../src/core/clock.ts";
import { type Fate, type FleetRun, FleetRuns } from "./bus_fleet_runs.ts";
import { pushInParts, type PushResult } from "./bus_push.ts";
import { ServiceBusBroker } from "./service_bus_broker/broker.ts";
import type { SeenMessage } from "./service_bus_broker/stored_message.ts";
import { TempDir } from "./temp_dir.ts";
import { waitUntil } from "./wait_until.ts";
import { WorkerProcess } from "./worker_process.ts";

export interface BusFleetOptions {
  /** What becomes of each job. */
  readonly fates: readonly Fate[];
  readonly workers: number;
  readonly slots: number;
  /** One worker is killed with -9 this often, in ms; another one takes its place. */
  readonly killEveryMs: number;
  /** All connections are cut again after at most this long, at random, in ms. */
  readonly cutWithinMs: { readonly whilePushing: number; readonly afterwards: number };
  /** After which the jobs of killed workers come back. */
  readonly lockDurationMs: number;
}

/** What the fleet made of its jobs. */
export interface BusFleetReport {
  readonly seconds: number;
  readonly kills: number;
  readonly cuts: number;
  /** How often a push had to send again. */
  readonly repeatedSends: number;
  /** The ids that the pushes printed. */
  readonly acknowledged: readonly string[];
  /** Executions of jobs, as the jobs themselves noted them. */
  readonly runs: readonly FleetRun[];
  readonly dead: readonly SeenMessage[];
  /** The exit codes of the workers that were there at the end. */
  readonly codes: readonly number[];
}

const LIMIT_MS = 240_000;
/** A push goes on after so many lines when their ids were printed. */
const PART = 50;
/** The lines are pushed by so many processes, one after the other. */
const PUSHES = 4;
/** As jobq makes queues. */
const USUAL = { duplicateDetectionMs: 7 * 86_400_000, maxDeliveryCount: 1_000 };

/** Has workers run the jobs until the queue is empty, while they are pushed and beyond. */
export async function runBusFleet(options: BusFleetOptions): Promise<BusFleetReport> {
  const { fates, lockDurationMs } = options;
  await using dir = await TempDir.make();
  await using broker = await ServiceBusBroker.start({ queues: { q: { ...USUAL, lockDurationMs } } });
  const queue = broker.queue("q");
  // However the dice of the other cuts fall, these befall pushes in the middle of a send.
  broker.fault({ kind: "cut" }, { at: "transfer", when: "before", skip: 5 });
  broker.fault({ kind: "cut" }, { at: "transfer", when: "after", skip: 15 });
  const access = {
    address: `sb://${broker.host}/q`,
    env: { JOBQ_CONNECTION_STRING: broker.connectionString },
  };
  const runs = await FleetRuns.make(dir);
  const startedAt = performance.now();
  await using fleet = new Fleet(
    options,
    (number) =>
      new WorkerProcess(access.address, workerArgs(options), { ...access.env, ...runs.envOf(number) }),
  );
  const over = new AbortController();
  let cutWithinMs = options.cutWithinMs.whilePushing;
  const cutting = repeat(over.signal, {
    pauseMs: () => Math.random() * cutWithinMs,
    act: () => Promise.resolve(broker.cutConnections()),
  });
  const killing = repeat(over.signal, { pauseMs: () => options.killEveryMs, act: () => fleet.killNext() });
  const pushes: PushResult[] = [];
  try {
    const perPush = Math.ceil(fates.length / PUSHES);
    for (let first = 0; first < fates.length; first += perPush) {
      const lines = runs.commands(fates.slice(first, first + perPush), first);
      pushes.push(await pushInParts(lines, { ...access, part: PART, args: PUSH_ARGS }));
    }
    cutWithinMs = options.cutWithinMs.afterwards;
    await waitUntil(() => queue.sizeBytes === 0, { limitMs: LIMIT_MS, what: "the end of the queue" });
  } finally {
    over.abort();
  }
  const [cuts, kills] = await Promise.all([cutting, killing]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const codes = await fleet.leave();
  return {
    seconds,
    kills,
    cuts,
    repeatedSends: sum(pushes.map(({ repeatedSends }) => repeatedSends)),
    acknowledged: pushes.flatMap(({ ids }) => ids),
    runs: await runs.all((worker) => fleet.wasKilled(worker)),
    dead: queue.dead,
    codes,
  };
}

/** One further attempt, soon. */
const PUSH_ARGS = ["--num-retries", "1", "--retry-delay", "200ms"];

const workerArgs = ({ slots }: BusFleetOptions) => [
  ...["-n", String(slots), "-v", "--idle-timeout", "forever", "--max-consecutive-failures", "none"],
];

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** Does something again and again until the signal; answers how often. */
async function repeat(
  signal: AbortSignal,
  { pauseMs, act }: { pauseMs: () => number; act: () => Promise<void> },
): Promise<number> {
  for (let count = 0;; count++) {
    await systemClock.sleep(pauseMs(), signal);
    if (signal.aborted) return count;
    await act();
  }
}

/** Workers of which there are always so many. */
class Fleet implements AsyncDisposable {
  readonly #start: (number: number) => WorkerProcess;
  /** The oldest first. */
  readonly #alive = new Map<number, WorkerProcess>();
  readonly #killed = new Set<number>();

  constructor({ workers }: BusFleetOptions, start: (number: number) => WorkerProcess) {
    this.#start = start;
    for (let i = 0; i < workers; i++) this.#add();
  }

  wasKilled(number: number): boolean {
    return this.#killed.has(number);
  }

  /** Kills the oldest as a power cut would, and starts another one. */
  async killNext(): Promise<void> {
    for (const [number, worker] of this.#alive) {
      this.#alive.delete(number);
      this.#killed.add(number);
      this.#add();
      return await worker[Symbol.asyncDispose]();
    }
  }

  /** Has all leave after their jobs; answers their exit codes. */
  async leave(): Promise<readonly number[]> {
    return await Promise.all([...this.#alive.values()].map(async (worker) => {
      // Before that, the signal would end it.
      await waitUntil(() => worker.log.includes(" starts"), { what: "a worker's start" });
      worker.signal("SIGUSR1");
      return await worker.ended();
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#alive.values()].map((worker) => worker[Symbol.asyncDispose]()));
  }

  #add(): void {
    const number = this.#alive.size + this.#killed.size;
    this.#alive.set(number, this.#start(number));
  }
}
