import { openDirectoryQueue } from "../../src/backends/directory/open.ts";
import { sharedTime } from "../../src/backends/directory/queue_time.ts";
import type { Lease } from "../../src/core/queue.ts";
import { systemClock } from "../../src/core/clock.ts";
import { WORKER_BEAT_MS } from "../../src/core/workers.ts";
import { commandLines, jobsOf } from "./commands.ts";
import { marked } from "./directory_trace.ts";

const LEASE_MS = 600_000;
const FAILURE = { kind: "failed", message: "exit code 1", exitCode: 1, retryable: true, at: 0 } as const;

/** What can be done to a job that is leased. */
const SETTLEMENTS: Readonly<Record<string, (lease: Lease) => Promise<void>>> = {
  "ack": (lease) => lease.ack(),
  "retry": (lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  "retry in 30 s": (lease) => lease.retry({ delayMs: 30_000, failure: FAILURE }),
  "release": (lease) => lease.release(),
  "dead-letter": (lease) => lease.deadLetter(FAILURE),
};

/** Does each kind of change to the queue in a directory, each time between two marks: `directory_calls_child.ts PATH TIMES`. */
async function main([path = "", text = ""]: readonly string[]): Promise<void> {
  const times = Number(text);
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const open = () => openDirectoryQueue({ kind: "directory", path }, { clock, time: sharedTime(clock) });
  await using queue = open();
  await using other = open();
  const lease = async (leaseMs = LEASE_MS) => {
    const taken = await queue.lease({ leaseMs, waitMs: 0 });
    if (taken === undefined) throw new Error("the queue is empty");
    return taken;
  };
  const repeat = async (work: () => Promise<unknown>) => {
    for (let i = 0; i < times; i++) await work();
  };
  // What is made once, at the first job, does not count.
  await queue.enqueue(jobsOf(["true"]));
  await (await lease()).ack();

  const ids: string[] = [];
  await repeat(async () => {
    ids.push(...await marked("push of one job", () => queue.enqueue(jobsOf(["true"]))));
  });
  const many = jobsOf(commandLines(1_000));
  for (let i = 0; i < 3; i++) await marked("push of 1,000 jobs", () => queue.enqueue(many));
  for (const id of ids) await marked("cancel of a waiting job", () => queue.cancel([id]));
  for (const [name, settle] of Object.entries(SETTLEMENTS)) {
    await repeat(async () => {
      const taken = await marked("claim", () => lease());
      await marked(name, () => settle(taken));
    });
  }
  const held = await Promise.all(Array.from({ length: 16 }, () => lease()));
  await repeat(() =>
    marked("renewal of 16 leases", () => Promise.all(held.map((one) => one.renew(LEASE_MS))))
  );
  await using presence = await queue.workers?.register({ id: "w", host: "h", pid: Deno.pid, slots: 16 });
  await repeat(async () => {
    ahead += WORKER_BEAT_MS;
    await marked("heartbeat", async () => await presence?.report());
    await Promise.all(held.map((one) => one.renew(LEASE_MS)));
  });
  for (const one of held) await one.ack();
  await repeat(async () => {
    const { id } = (await lease(1_000)).job;
    ahead += 2_000;
    const options = { job: id, leaseMs: LEASE_MS, waitMs: 0 };
    const taken = await marked("take-over of an ended lease", () => other.lease(options));
    await taken?.ack();
  });
}

if (import.meta.main) await main(Deno.args);
