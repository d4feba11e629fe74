import { MIGRATIONS } from "../../src/backends/sqlite/schema.ts";
import { COMMANDS_SCHEMA, INSERT_COMMAND, insertInBatches, openBare } from "./bare_sqlite.ts";
import { commandLines } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { jobq, run } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

const OWN_SCHEMA = `${MIGRATIONS.join(";")}; INSERT INTO queues (name) VALUES ('default')`;
const INSERT_JOB = `INSERT INTO jobs (queue_id, suffix, spec, max_attempts, created_at, visible_at)
  VALUES (1, 'abcdef', ?, 1, ?, ?)`;

/** `jobq push < FILE`, start-up and all, beside nothing but the inserts. */
export const pushLines: Benchmark = async ({ quick, directory }) => {
  const results: Result[] = [];
  for (const count of quick ? [10_000] : [10_000, 100_000]) {
    results.push(...await measure(count, { directory, rounds: quick ? 3 : 7 }));
  }
  return results;
};

async function measure(
  count: number,
  { directory, rounds }: { directory: string; rounds: number },
): Promise<readonly Result[]> {
  const lines = commandLines(count);
  const input = `${directory}/${count}.txt`;
  await Deno.writeTextFile(input, lines.map((line) => `${line}\n`).join(""));
  let files = 0;
  const newFile = () => `${directory}/${count}-${files++}.db`;
  const rate = async (work: () => unknown) => count / await secondsOf(work);
  const rates = await interleave(rounds, {
    jobq: () => rate(() => run(jobq("push", "-q", newFile()), { input })),
    bare: () => {
      using database = openBare(newFile(), { durability: "full", schema: COMMANDS_SCHEMA });
      return rate(() =>
        insertInBatches(database, INSERT_COMMAND, { items: lines, values: (line) => [line] })
      );
    },
    ownSchema: () => {
      using database = openBare(newFile(), { durability: "full", schema: OWN_SCHEMA });
      const now = Date.now();
      const values = (command: string) => [JSON.stringify({ task: { kind: "shell", command } }), now, now];
      return rate(() => insertInBatches(database, INSERT_JOB, { items: lines, values }));
    },
  });
  const figure = { value: rates.jobq, unit: "lines/s" };
  const against = (value: number) => ({ figure, baseline: { value, unit: "lines/s" } });
  const size = `${count / 1000}k lines`;
  return [
    {
      what: `${size}, whole process; baseline: inserts into a bare table`,
      ...against(rates.bare),
      limit: count >= 100_000 ? { of: "ratio", at: "least", value: 0.4 } : undefined,
    },
    { what: `${size}; baseline: inserts into jobq's own table`, ...against(rates.ownSchema) },
  ];
}
