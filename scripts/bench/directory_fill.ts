import { openQueue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";

const A_CALL = 2_000;

/** Pushes so many jobs, in calls of 2,000, without waiting for the disk. */
export async function fillDirectory(path: string, count: number): Promise<void> {
  await using queue = await openQueue(path, { durability: "normal" });
  for (let left = count; left > 0; left -= A_CALL) {
    await queue.enqueue(jobsOf(commandLines(Math.min(left, A_CALL))));
  }
}
