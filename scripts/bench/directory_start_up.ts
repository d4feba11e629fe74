import { interleave, secondsOf } from "./interleave.ts";
import { denoRun, jobq, run } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

/** Fresh processes that push one job, or count them, to a directory and to an SQLite file, beside an empty script. */
export const directoryStartUp: Benchmark = async ({ quick, directory }) => {
  const empty = `${directory}/empty.ts`;
  await Deno.writeTextFile(empty, "");
  const queues = { directory: `${directory}/queue`, sqlite: `${directory}/jobs.db` };
  const commands = {
    empty: denoRun(empty),
    directoryPush: jobq(queues.directory, "push", "-c", "true"),
    sqlitePush: jobq(queues.sqlite, "push", "-c", "true"),
    directorySize: jobq(queues.directory, "size"),
    sqliteSize: jobq(queues.sqlite, "size"),
  };
  // The first ones fill the cache of compiled modules and make the queues.
  for (const words of Object.values(commands)) await run(words);
  const ms = (words: readonly string[]) => async () => await secondsOf(() => run(words)) * 1000;
  const times = await interleave(quick ? 3 : 21, {
    empty: ms(commands.empty),
    directoryPush: ms(commands.directoryPush),
    sqlitePush: ms(commands.sqlitePush),
    directorySize: ms(commands.directorySize),
    sqliteSize: ms(commands.sqliteSize),
  });
  const line = (what: string, value: number, baseline: number): Result => ({
    what,
    figure: { value, unit: "ms" },
    baseline: { value: baseline, unit: "ms" },
  });
  return [
    line("jobq DIR push -c true; baseline: jobq FILE.db push -c true", times.directoryPush, times.sqlitePush),
    line("jobq DIR push -c true; baseline: an empty Deno script", times.directoryPush, times.empty),
    line("jobq DIR size; baseline: jobq FILE.db size", times.directorySize, times.sqliteSize),
  ];
};
