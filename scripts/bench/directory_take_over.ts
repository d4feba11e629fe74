import { openQueue } from "@jobq/jobq";
import { jobsOf } from "./commands.ts";
import { Agent } from "./directory_agents.ts";
import { median } from "./interleave.ts";
import type { Benchmark } from "./result.ts";

/** The longest that a worker pauses between two looks for a job, in ms; the kill comes at any moment of such a pause. */
const PAUSE_MS = 500;

/** How long a job stays where it was when the process that holds it is killed, while another one waits for jobs. */
export const directoryTakeOver: Benchmark = async ({ quick, directory }) => {
  const path = `${directory}/queue`;
  await using queue = await openQueue(path);
  await using waiting = await Agent.start({ path, durability: "full" });
  const times: number[] = [];
  for (let round = 0; round < (quick ? 5 : 20); round++) {
    const [id] = await queue.enqueue(jobsOf(["true"]));
    await using holder = await Agent.start({ path, durability: "full" });
    await holder.ask("hold");
    const taken = waiting.ask("next");
    // By then, the pauses of the one who waits are as long as they get.
    await new Promise((resolve) => setTimeout(resolve, 2_000 + PAUSE_MS * Math.random()));
    const killedAt = performance.now();
    await holder.kill();
    if (await taken !== id) throw new Error("another job than the one that was held was taken over");
    times.push(performance.now() - killedAt);
  }
  const line = (what: string, value: number) => ({
    what: `kill -9 of a holder to the job's lease elsewhere, ${times.length} times, ${what}`,
    figure: { value, unit: "ms" },
    limit: { of: "figure", at: "most", value: 2_000 } as const,
  });
  return [line("median", median(times)), line("slowest", Math.max(...times))];
};
