import { openQueue, type Queue } from "@jobq/jobq";
import { HAS_SSHD, SSHD, Sshd } from "../../tests/support/sshd.ts";
import { commandLines, jobsOf } from "./commands.ts";
import { notice } from "./directory_notice.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { jobq, run } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

/** Jobs that are leased and acked at the same time, as by a worker with so many slots. */
const SLOTS = 16;
const LEASE_MS = 600_000;

/** Where a queue is that is measured, on both sides. */
const KINDS = { "directory": "queue", "SQLite": "jobs.db" };

/** Queues behind a real SSH server on the loopback, beside the same queues without SSH: what the protocol costs. */
export const ssh: Benchmark = async ({ quick }) => {
  if (!HAS_SSHD) {
    await notice(`queues over SSH were NOT measured: ${SSHD} are missing`);
    return [];
  }
  await using sshd = await Sshd.start();
  const results: Result[] = [];
  for (const [kind, name] of Object.entries(KINDS)) {
    const path = sshd.directory.join(name);
    results.push(...await rates(kind, { path, sshd, quick }), ...await commands(kind, { path, sshd, quick }));
  }
  return results;
};

interface Setting {
  readonly path: string;
  readonly sshd: Sshd;
  readonly quick: boolean;
}

async function rates(kind: string, { path, sshd, quick }: Setting): Promise<readonly Result[]> {
  const env = (name: string) => sshd.env[name] ?? Deno.env.get(name);
  await using local = await openQueue(path);
  await using remote = await openQueue(sshd.address(path), { env });
  const count = quick ? 64 : 320;
  const many = jobsOf(commandLines(1_000));
  const works: Readonly<Record<string, (queue: Queue) => Promise<number>>> = {
    "enqueue() of one job": async (queue) => {
      for (const job of jobsOf(commandLines(count))) await queue.enqueue([job]);
      return count;
    },
    "enqueue() of 1,000 jobs": async (queue) => (await queue.enqueue(many)).length,
    "lease() and ack()": (queue) => take(queue, count),
    [`lease() and ack(), ${SLOTS} at a time`]: async (queue) => {
      await Promise.all(Array.from({ length: SLOTS }, () => take(queue, count / SLOTS)));
      return count;
    },
  };
  const results: Result[] = [];
  for (const [what, work] of Object.entries(works)) {
    const rate = (queue: Queue) => async () => {
      let done = 0;
      const seconds = await secondsOf(async () => done = await work(queue));
      return done / seconds;
    };
    const { overSsh, here } = await interleave(quick ? 3 : 9, { overSsh: rate(remote), here: rate(local) });
    results.push({
      what: `${kind} over SSH: ${what}; baseline: without SSH`,
      figure: { value: overSsh, unit: "jobs/s" },
      baseline: { value: here, unit: "jobs/s" },
    });
  }
  return results;
}

async function take(queue: Queue, count: number): Promise<number> {
  for (let i = 0; i < count; i++) {
    const lease = await queue.lease({ leaseMs: LEASE_MS, waitMs: 1_000 });
    if (lease === undefined) throw new Error("the queue is empty");
    await lease.ack();
  }
  return count;
}

/** Whole processes, each with a connection of its own. */
async function commands(kind: string, { path, sshd, quick }: Setting): Promise<readonly Result[]> {
  const withSsh = (...words: string[]) => ["env", `PATH=${sshd.env.PATH}`, ...words];
  const address = sshd.address(path);
  const programs = {
    login: withSsh("ssh", "there", "true"),
    push: withSsh(...jobq(address, "push", "-c", "true")),
    localPush: jobq(path, "push", "-c", "true"),
    size: withSsh(...jobq(address, "size")),
    localSize: jobq(path, "size"),
  };
  // The first ones fill the cache of compiled modules.
  for (const words of Object.values(programs)) await run(words);
  const ms = (words: readonly string[]) => async () => await secondsOf(() => run(words)) * 1_000;
  const times = await interleave(quick ? 3 : 15, {
    login: ms(programs.login),
    push: ms(programs.push),
    localPush: ms(programs.localPush),
    size: ms(programs.size),
    localSize: ms(programs.localSize),
  });
  const line = (what: string, value: number, baseline: number): Result => ({
    what: `${kind} over SSH: ${what}`,
    figure: { value, unit: "ms" },
    baseline: { value: baseline, unit: "ms" },
  });
  return [
    line("jobq push -c true; baseline: without SSH", times.push, times.localPush),
    line("jobq size; baseline: without SSH", times.size, times.localSize),
    line("jobq size; baseline: ssh HOST true", times.size, times.login),
  ];
}
