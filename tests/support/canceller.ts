/** Cancels jobs: `canceller.ts ADDRESS ID…`. */
import { openQueue } from "../../src/backends/registry.ts";

const [address, ...ids] = Deno.args;
await using queue = await openQueue(address, { create: false });
await queue.cancel(ids);
