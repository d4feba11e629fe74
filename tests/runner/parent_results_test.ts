import type { JsonValue } from "../../src/core/job.ts";
import { BackendError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { writeParentResults } from "../../src/runner/parent_results_file.ts";
import { processRunner } from "../../src/runner/process_runner.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { jobOf, runJob } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

const PATH = Deno.env.get("PATH") ?? "";
const { signal } = new AbortController();
const CONTEXT = { signal, kill: signal, log: silentLogger, slot: 0, execution: 1, env: {} };

test("$JOBQ_PARENT_RESULTS names a file with what the parents left, as one JSON object", async () => {
  const parentResults = { "1-a": { loss: [0.5, null], text: 'ü"\n' }, "2-b": null };
  const { outcome, stdout } = await runJob(jobOf('cat "$JOBQ_PARENT_RESULTS"'), { parentResults });
  assertEquals(outcome.kind, "succeeded");
  assertEquals(JSON.parse(stdout) as JsonValue, parentResults);
});

test("the file is for the job's user alone, and removed when the job has ended", async () => {
  let printed = "";
  await using runner = processRunner({
    output: () => ({
      write: (_, bytes) => Promise.resolve(void (printed += new TextDecoder().decode(bytes))),
      close: () => Promise.resolve(),
    }),
  });
  const command = 'stat -c "%a %n" "$JOBQ_PARENT_RESULTS"';
  await runner.run(jobOf(command), { ...CONTEXT, parentResults: { "1-a": 1 } });
  const [, mode, path = ""] = /^(\d+) (.*)\n$/.exec(printed) ?? [];
  assertEquals(mode, "600");
  await assertRejects(Deno.stat(path), Deno.errors.NotFound);
});

test("a job without parents is not told those of a worker that is a job itself", async () => {
  const { stdout } = await runJob(jobOf('echo "[${JOBQ_PARENT_RESULTS-unset}]"'), {
    env: { PATH, JOBQ_PARENT_RESULTS: "/inherited/parents.json" },
  });
  assertEquals(stdout, "[unset]\n");
});

test("10,000 parents with small results are handed on", async () => {
  const parentResults = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`${i + 1}-abcdef`, { value: i }]),
  );
  const { outcome, stdout } = await runJob(
    jobOf(`grep -o '"value":' "$JOBQ_PARENT_RESULTS" | wc -l`),
    { parentResults },
  );
  assertEquals([outcome.kind, stdout.trim()], ["succeeded", "10000"]);
});

test("600 parents with results of 1 MiB, more than one text can hold, are handed on", async () => {
  const result = "r".repeat(1024 * 1024 - 2);
  const parentResults = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}`, result]));
  await using dir = await TempDir.make();
  await using file = await writeParentResults(dir.path, "parents.json", parentResults);
  const keys = Object.keys(parentResults).join("").length;
  // Each has its key and its value in quotes, a colon between and a comma or the last brace behind.
  assertEquals((await Deno.stat(file.path)).size, 1 + keys + 600 * (result.length + 6));
});

test("a directory that a job removed is made again", async () => {
  await using dir = await TempDir.make();
  const directory = dir.join("removed");
  await using file = await writeParentResults(directory, "parents.json", { "1-a": 1 });
  assertEquals(await Deno.readTextFile(file.path), '{"1-a":1}');
});

test("a machine that cannot keep the file costs the job no attempt", async () => {
  await using runner = processRunner();
  await runner.run(jobOf('rm -r "${JOBQ_RESULT%/*}"; touch "${JOBQ_RESULT%/*}"'), CONTEXT);
  const run = runner.run(jobOf("true"), { ...CONTEXT, parentResults: { "1-a": 1 } });
  const error = await assertRejects(run, BackendError);
  assertMatch(error.message, /^Cannot write down the results of a job's parents: /);
});
