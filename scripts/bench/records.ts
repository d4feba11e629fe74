import { DatabaseSync } from "node:sqlite";
import { openQueue, type Queue } from "@jobq/jobq";
import { commandLines, jobsOf } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { finished, jobq, start } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

/** What is asked of the records, and how. */
const QUESTIONS: Readonly<Record<string, (queue: Queue) => Promise<unknown>>> = {
  "list(), the newest 100": (queue) => queue.list({ limit: 100 }),
  'list() of the state "failed"': (queue) => queue.list({ states: ["failed"], limit: 100 }),
  "list() by name, a pattern that fits nothing": (queue) => queue.list({ name: "no-such-*", limit: 100 }),
  "list() by duration": (queue) => queue.list({ sort: "duration", limit: 100 }),
  "stats()": (queue) => queue.stats(),
  "counts()": (queue) => queue.counts(),
};

const COMMANDS: readonly (readonly string[])[] = [["list"], ["stats"]];

/** Questions to a queue of a million jobs, beside the same to a thousand. */
export const records: Benchmark = async ({ quick, directory }) => {
  const [large, small] = quick ? [20_000, 1_000] : [1_000_000, 1_000];
  const paths = { large: `${directory}/large.db`, small: `${directory}/small.db` };
  await using stack = new AsyncDisposableStack();
  const queues = {
    large: stack.use(await fill(paths.large, large)),
    small: stack.use(await fill(paths.small, small)),
  };
  const results: Result[] = [];
  const add = async (what: string, ask: (size: "large" | "small") => Promise<unknown>) => {
    const timeOf = (size: "large" | "small") => async () => await secondsOf(() => ask(size)) * 1_000;
    const times = await interleave(quick ? 3 : 7, { large: timeOf("large"), small: timeOf("small") });
    results.push({
      what: `${what}, ${format(large)} jobs; baseline: ${format(small)}`,
      figure: { value: times.large, unit: "ms" },
      baseline: { value: times.small, unit: "ms" },
    });
  };
  for (const [what, ask] of Object.entries(QUESTIONS)) await add(what, (size) => ask(queues[size]));
  for (const words of COMMANDS) {
    const command = words.join(" ");
    await add(`jobq ${command}, whole process`, (size) => finished(start(jobq(...words, "-q", paths[size]))));
  }
  return results;
};

/** Opens a queue with so many jobs: of ten, one is still waiting, one failed, the others are completed. */
async function fill(path: string, count: number): Promise<Queue> {
  const queue = await openQueue(path, { durability: "normal" });
  for (let left = count; left > 0; left -= 2_000) {
    await queue.enqueue(jobsOf(commandLines(Math.min(left, 2_000))));
  }
  // Leasing and settling so many would take minutes.
  using database = new DatabaseSync(path);
  database.exec(`
    UPDATE jobs SET state = CASE seq % 10 WHEN 1 THEN 'failed' ELSE 'completed' END, executions = 1, attempts = 1,
      worker_id = 'w', started_at = created_at, finished_at = created_at + seq % 5000, ended_at = created_at + seq % 5000
    WHERE seq % 10 > 0`);
  return queue;
}

const format = (count: number) => count >= 1_000_000 ? `${count / 1_000_000}M` : `${count / 1_000}k`;
