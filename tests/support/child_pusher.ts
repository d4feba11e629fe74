/**
 * Pushes a job, waits until a worker has taken it, and pushes one that is to run after it, again and again, so that
 * this push and the end of the parent come at the same time: `child_pusher.ts ADDRESS COUNT`.
 */
import { openQueue } from "../../src/backends/registry.ts";

const [address, count] = Deno.args;
await using queue = await openQueue(address);
for (let i = 0; i < Number(count); i++) {
  const [parent = ""] = await queue.enqueue([{ task: { kind: "shell", command: "parent" } }]);
  // Without a pause, so that the parent has only just been taken.
  while (await queue.position(parent) !== undefined);
  await queue.enqueue([{ task: { kind: "shell", command: "child" }, after: [{ job: parent }] }]);
}
