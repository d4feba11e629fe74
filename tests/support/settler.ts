/**
 * Completes jobs until killed, and prints the id of each; those with the command `false` it dead-letters. Before the
 * end of some, this share of all, it pauses: `settler.ts ADDRESS LEASE_MS [SHARE]`.
 */
import { openQueue } from "../../src/backends/registry.ts";
import { print } from "./script.ts";

const [address, leaseMs, share = "0"] = Deno.args;
await using queue = await openQueue(address);
for (;;) {
  await using lease = await queue.lease({ leaseMs: Number(leaseMs), waitMs: Infinity });
  if (lease === undefined) break;
  const { task, id } = lease.job;
  if (Math.random() < Number(share)) await new Promise((resolve) => setTimeout(resolve, 0));
  if (task.kind !== "shell" || task.command !== "false") await lease.ack();
  else await lease.deadLetter({ kind: "failed", message: "exit code 1", exitCode: 1, at: Date.now() });
  await print(id);
}
