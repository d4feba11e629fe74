import { type Durability, openQueue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";
import { BareDirectory } from "./directory_bare.ts";
import { interleave, secondsOf } from "./interleave.ts";
import type { Benchmark, Result } from "./result.ts";

const MANY = 1_000;

/** Pushes of one job a call and of 1,000 a call, beside bare files, each written, renamed and synced by itself. */
export const directoryPush: Benchmark = async ({ quick, directory }) => {
  const results: Result[] = [];
  for (const durability of ["full", "normal"] satisfies Durability[]) {
    const lines = commandLines(quick ? 50 : 200);
    const jobs = jobsOf(lines);
    const manyJobs = jobsOf(commandLines(MANY));
    await using queue = await openQueue(`${directory}/jobq-${durability}`, { durability });
    const bare = new BareDirectory(`${directory}/bare-${durability}`, { isDurable: durability === "full" });
    await queue.enqueue(jobs.slice(0, 1));
    const rates = await interleave(quick ? 3 : 9, {
      single: async () =>
        jobs.length / await secondsOf(async () => {
          for (const job of jobs) await queue.enqueue([job]);
        }),
      bare: async () => lines.length / await secondsOf(() => bare.push(lines)),
      many: async () => MANY / await secondsOf(() => queue.enqueue(manyJobs)),
    });
    const line = (what: string, value: number): Result => ({
      what: `${what}, durability ${durability}; baseline: bare files, one by one`,
      figure: { value, unit: "jobs/s" },
      baseline: { value: rates.bare, unit: "jobs/s" },
    });
    results.push(
      line("enqueue() of one job", rates.single),
      line(`enqueue() of ${MANY.toLocaleString("en-US")} jobs`, rates.many),
    );
  }
  return results;
};
