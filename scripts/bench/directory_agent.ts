import { type Durability, type Lease, openQueue, type Queue } from "@jobq/jobq";

const LEASE_MS = 600_000;

/**
 * One process at a queue: `directory_agent.ts QUEUE DURABILITY`. Each line of its standard input is a request, answered
 * by a line: `take N` leases and acks so many jobs, and answers how many of them others took first; `claim N` does the
 * same, and answers the seconds that the leases took; `hold` leases one and keeps it; `next` waits for one and acks it,
 * and answers its id.
 */
async function main([address = "", durability = "full"]: readonly string[]): Promise<void> {
  const collisions = countCollisions();
  await using queue = await openQueue(address, { durability: durability as Durability });
  await answer("ready");
  for await (const request of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    // Requests are so far apart that each arrives as a piece of its own.
    const [word, count] = request.trim().split(" ");
    if (word === "take") {
      const before = collisions();
      for (let i = 0; i < Number(count); i++) await (await lease(queue, 0)).ack();
      await answer(String(collisions() - before));
    } else if (word === "claim") {
      let ms = 0;
      for (let i = 0; i < Number(count); i++) {
        const begun = performance.now();
        const taken = await lease(queue, 0);
        ms += performance.now() - begun;
        await taken.ack();
      }
      await answer(String(ms / 1_000));
    } else if (word === "hold") await answer((await lease(queue, 0)).job.id);
    else {
      const taken = await lease(queue, 60_000);
      await answer(taken.job.id);
      await taken.ack();
    }
  }
}

async function lease(queue: Queue, waitMs: number): Promise<Lease> {
  const taken = await queue.lease({ leaseMs: LEASE_MS, waitMs });
  if (taken === undefined) throw new Error("the queue is empty");
  return taken;
}

/** Counts the renames of jobs that others had taken. */
function countCollisions(): () => number {
  let count = 0;
  const rename = Deno.renameSync;
  Object.assign(Deno, {
    renameSync: (from: string, to: string) => {
      try {
        rename(from, to);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound && from.includes("/ready/")) count++;
        throw error;
      }
    },
  });
  return () => count;
}

async function answer(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) await main(Deno.args);
