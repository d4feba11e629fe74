import { openQueue } from "../../src/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const DANGEROUS: readonly (readonly [name: string, command: string, ends: "completed" | "failed"])[] = [
  ["exits with 0", "exit 0", "completed"],
  ["exits with 1", "exit 1", "failed"],
  ["exits with 137", "exit 137", "failed"],
  ["dies of a segmentation fault", "kill -SEGV $$", "failed"],
  ["closes its own output", "exec >&- 2>&-; sleep 0.05", "completed"],
  ["leaves a daemon behind that holds its output", "setsid sh -c 'sleep 6' & true", "completed"],
  ["prints 200 MB", "head -c 200000000 /dev/zero", "completed"],
  ["prints without end to a closed pipe", "yes | head -c 10; exit 0", "completed"],
  ["kills its own group", "kill -KILL 0", "failed"],
  ["removes its result file's directory", 'rm -rf "$(dirname "$JOBQ_RESULT")"', "completed"],
  ["makes its result a directory", 'mkdir "$JOBQ_RESULT"', "completed"],
  ["writes its result after the directory is back", 'echo 1 > "$JOBQ_RESULT"', "completed"],
  ["stops itself for a moment", "(sleep 0.1; kill -CONT $$) & kill -STOP $$; wait", "completed"],
];

test("whatever a job does, the worker survives it and the next job runs", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  const ids = await queue.enqueue(
    DANGEROUS.flatMap((
      [name, command],
    ) => [shellJob(command, { name }), shellJob("echo next", { name: "next" })]),
  );
  await using worker = new WorkerProcess(dir.join("q.db"), ["--max-consecutive-failures", "none"]);
  assertEquals(await worker.ended(), 0);
  const { completed, failed, ready, running } = await queue.counts();
  assertEquals([ready, running, (completed ?? 0) + (failed ?? 0)], [0, 0, ids.length]);
  const dead = (await queue.deadLetters.list()).map(({ job }) => job.name ?? "");
  assertEquals(dead, DANGEROUS.filter(([, , ends]) => ends === "failed").map(([name]) => name));
  assertEquals(worker.output.match(/next/g)?.length, DANGEROUS.length);
});

test("a job that kills its worker again and again ends in the dead letters, and the others run", async () => {
  await using dir = await TempDir.make();
  await using queue = await openQueue(dir.join("q.db"));
  await queue.enqueue([shellJob("kill -KILL $PPID; sleep 1"), shellJob("echo fine")]);
  let killed = 0;
  while ((await queue.counts()).failed === 0) {
    await using worker = new WorkerProcess(dir.join("q.db"), [
      "--visibility-timeout",
      "1s",
      "--idle-timeout",
      "2s",
    ]);
    if (await worker.ended() !== 0) killed++;
  }
  assertEquals(killed, 5);
  const [letter] = await queue.deadLetters.list();
  assertEquals(letter?.failure.kind, "poison");
  assertMatch(letter?.failure.message ?? "", /its worker was lost 5 times/);
  assertEquals((await queue.counts()).completed, 1);
});
