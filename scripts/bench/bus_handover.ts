import type { Queue } from "@jobq/jobq";
import type { BusBrokerProcess } from "./bus_broker_process.ts";
import { BareQueue, newQueue } from "./bus_rates.ts";
import { jobsOf } from "./commands.ts";
import { median } from "./interleave.ts";
import type { Result } from "./result.ts";

/** Longer than a call takes to be at the broker, in ms. */
const PAUSE_MS = 50;
const LEASE = { leaseMs: 300_000, waitMs: 10_000 } as const;

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** From `release()` of a job to its lease by another handle, which was waiting for one; beside the bare SDK. */
export async function takeOver(broker: BusBrokerProcess, rounds: number): Promise<readonly Result[]> {
  const name = await broker.newQueue();
  await using queue = await newQueue(broker, name);
  await using other = await newQueue(broker, name);
  const bareName = await broker.newQueue();
  await using bare = await BareQueue.make(broker, bareName);
  await using otherBare = await BareQueue.make(broker, bareName);
  const [jobq, sdk] = [[] as number[], [] as number[]];
  // The first rounds make the links.
  for (let round = -2; round < rounds; round++) {
    await queue.enqueue(jobsOf([`echo ${round}`]));
    await bare.sendInBatches([`echo ${round}`]);
    const times = [
      await handOverMs(() => held(queue), () => held(other)),
      await handOverMs(() => heldBare(bare), () => heldBare(otherBare)),
    ] as const;
    if (round < 0) continue;
    jobq.push(times[0]);
    sdk.push(times[1]);
  }
  const line = (what: string, value: number, baseline: number): Result => ({
    what: `release() to the lease of a handle that waits, ${what}; baseline: the bare SDK`,
    figure: { value, unit: "ms" },
    baseline: { value: baseline, unit: "ms" },
    limit: { of: "figure", at: "most", value: 100 },
  });
  return [
    line("median", median(jobq), median(sdk)),
    line("slowest", Math.max(...jobq), Math.max(...sdk)),
  ];
}

/** How long `ack()` takes when the broker cuts all connections, while the handle also waits for another job. */
export async function settleAfterCut(broker: BusBrokerProcess, rounds: number): Promise<readonly Result[]> {
  await using queue = await newQueue(broker);
  const [after, during] = [[] as number[], [] as number[]];
  for (let round = 0; round < rounds; round++) {
    after.push(await ackMs(queue, broker, { isCutFirst: true }));
    during.push(await ackMs(queue, broker, { isCutFirst: false }));
  }
  const line = (what: string, value: number): Result => ({
    what: `ack() ${what}`,
    figure: { value, unit: "ms" },
    limit: { of: "figure", at: "most", value: 2_000 },
  });
  return [
    line("right after a cut, median", median(after)),
    line("right after a cut, slowest", Math.max(...after)),
    line("during a cut, median", median(during)),
    line("during a cut, slowest", Math.max(...during)),
  ];
}

async function ackMs(
  queue: Queue,
  broker: BusBrokerProcess,
  { isCutFirst }: { isCutFirst: boolean },
): Promise<number> {
  await queue.enqueue(jobsOf([`echo ${crypto.randomUUID()}`]));
  const lease = await leaseOf(queue);
  const stop = new AbortController();
  const next = queue.lease({ ...LEASE, signal: stop.signal });
  await pause();
  const cut = broker.cutConnections();
  if (isCutFirst) await cut;
  const start = performance.now();
  await lease.ack();
  const ms = performance.now() - start;
  stop.abort();
  await Promise.all([cut, next]);
  return ms;
}

/** A job that somebody has. */
interface Held {
  release(): Promise<void>;
  finish(): Promise<void>;
}

async function handOverMs(take: () => Promise<Held>, takeOther: () => Promise<Held>): Promise<number> {
  const first = await take();
  const next = takeOther();
  await pause();
  const start = performance.now();
  const [second] = await Promise.all([
    next.then((job) => ({ job, ms: performance.now() - start })),
    first.release(),
  ]);
  await second.job.finish();
  return second.ms;
}

async function held(queue: Queue): Promise<Held> {
  const lease = await leaseOf(queue);
  return { release: () => lease.release(), finish: () => lease.ack() };
}

async function heldBare(bare: BareQueue): Promise<Held> {
  const message = await bare.next();
  return {
    release: () => bare.receiver.abandonMessage(message),
    finish: () => bare.receiver.completeMessage(message),
  };
}

async function leaseOf(queue: Queue) {
  const lease = await queue.lease(LEASE);
  if (lease === undefined) throw new Error("a job that was pushed does not come");
  return lease;
}
