import { type Durability, openQueue } from "@jobq/jobq";
import { BareQueue } from "./bare_sqlite.ts";

/**
 * One worker process of the lease_ack benchmark: `lease_ack_taker.ts jobq|bare PATH DURABILITY`. Each line of
 * its standard input says how many jobs to lease and ack; it answers `done`.
 */
async function main([kind, path = "", word]: readonly string[]): Promise<void> {
  const durability: Durability = word === "full" ? "full" : "normal";
  await using stack = new AsyncDisposableStack();
  let take: (count: number) => void | Promise<void>;
  if (kind === "bare") {
    const queue = stack.use(new BareQueue(path, durability));
    take = (count) => queue.take(count);
  } else {
    const queue = stack.use(await openQueue(path, { durability }));
    take = async (count) => {
      for (let i = 0; i < count; i++) {
        const lease = await queue.lease({ leaseMs: 600_000, waitMs: 0 });
        if (lease === undefined) throw new Error("the queue is empty");
        await lease.ack();
      }
    };
  }
  // Requests are so far apart that each arrives as a piece of its own.
  for await (const request of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    await take(Number(request));
    await Deno.stdout.write(new TextEncoder().encode("done\n"));
  }
}

if (import.meta.main) await main(Deno.args);
