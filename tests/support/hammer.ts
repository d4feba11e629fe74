/** Leases and acknowledges until nothing is left, and prints the ids: `hammer.ts ADDRESS`. */
import { openQueue } from "../../src/backends/registry.ts";
import { print } from "./script.ts";

await using queue = await openQueue(Deno.args[0]);
const acked: string[] = [];
for (;;) {
  await using lease = await queue.lease({ leaseMs: 60_000, waitMs: 500 });
  if (lease === undefined) break;
  await lease.ack();
  acked.push(lease.job.id);
}
await print(acked.join("\n"));
