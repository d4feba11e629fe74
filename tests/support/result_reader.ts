/**
 * Reads a job until it was seen completed three times, and prints as JSON how often it was not, and how long its results
 * were, 0 where there was none: `result_reader.ts ADDRESS ID`.
 */
import { openQueue } from "../../src/backends/registry.ts";
import { print } from "./script.ts";

const [address, id = ""] = Deno.args;
await using queue = await openQueue(address);
const lengths = new Set<number>();
let before = 0;
for (let completed = 0; completed < 3;) {
  const job = await queue.get(id);
  if (job?.state !== "completed") {
    if (before++ === 0) await print("reading");
    if (job === undefined || job.result !== undefined) lengths.add(-1);
    continue;
  }
  completed++;
  lengths.add(typeof job.result === "string" ? job.result.length : 0);
}
await print(JSON.stringify({ before, lengths: [...lengths] }));
