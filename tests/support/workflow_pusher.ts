/**
 * Pushes workflows until killed, and prints the name of each that was acknowledged: `workflow_pusher.ts ADDRESS SIZE
 * NAME`. All jobs of a workflow have its name. One of them waits for nothing, and each of the others for that one and
 * for another.
 */
import { openQueue } from "../../src/backends/registry.ts";
import type { NewJob } from "../../src/core/job.ts";
import { print } from "./script.ts";

const [address, size, prefix] = Deno.args;
await using queue = await openQueue(address);
for (let number = 0;; number++) {
  const name = `${prefix}-${number}`;
  const jobs = Array.from({ length: Number(size) }, (_, index): NewJob => ({
    task: { kind: "shell", command: `echo ${index}` },
    name,
    key: `${index}`,
    after: index === 0 ? [] : [...new Set(["0", `${index - 1}`])].map((key) => ({ key })),
  }));
  await queue.enqueue(jobs.toReversed());
  await print(name);
}
