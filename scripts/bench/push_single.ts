import { type Durability, openQueue } from "@jobq/jobq";
import { COMMANDS_SCHEMA, INSERT_COMMAND, openBare } from "./bare_sqlite.ts";
import { commandLines, jobsOf } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import type { Benchmark, Result } from "./result.ts";

/** `queue.enqueue([job])`, one transaction each, beside one INSERT each. */
export const pushSingle: Benchmark = async ({ quick, directory }) => {
  const results: Result[] = [];
  for (const durability of ["full", "normal"] satisfies Durability[]) {
    const lines = commandLines(quick ? 100 : 500);
    const jobs = jobsOf(lines);
    await using queue = await openQueue(`${directory}/jobq-${durability}.db`, { durability });
    using database = openBare(`${directory}/bare-${durability}.db`, { durability, schema: COMMANDS_SCHEMA });
    const insert = database.prepare(INSERT_COMMAND);
    const rates = await interleave(quick ? 3 : 9, {
      jobq: async () =>
        jobs.length / await secondsOf(async () => {
          for (const job of jobs) await queue.enqueue([job]);
        }),
      bare: async () => lines.length / await secondsOf(() => lines.forEach((line) => void insert.run(line))),
    });
    results.push({
      what: `enqueue() of one job, durability ${durability}; baseline: one bare INSERT`,
      figure: { value: rates.jobq, unit: "pushes/s" },
      baseline: { value: rates.bare, unit: "pushes/s" },
    });
  }
  return results;
};
