import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

const PARTS = Array.from({ length: 100 }, (_, index) => index + 1);
const SUM = PARTS.reduce((sum, part) => sum + part * part, 0);

/** Adds up the values of the flat JSON object that `$JOBQ_PARENT_RESULTS` names. */
const ADD_UP = `tr ',{}' '\\n' < "$JOBQ_PARENT_RESULTS" | awk -F: '{ sum += $2 } END { print sum }'`;

/** Three stages: one job, a hundred that need it, and one that needs all of those. Part 7 needs the file `fixed`. */
function pipeline(directory: string): string {
  const jobs = [
    {
      key: "sum",
      after: PARTS.map((part) => `part-${part}`),
      cmd: `${ADD_UP} > "$JOBQ_RESULT"`,
      name: "sum",
    },
    ...PARTS.map((part) => ({
      key: `part-${part}`,
      after: "prepare",
      name: `part ${part}`,
      cmd: `${
        part === 7 ? `test -e ${directory}/fixed && ` : ""
      }echo $((${part} * ${part})) > "$JOBQ_RESULT"`,
    })),
    { key: "prepare", cmd: "true", name: "prepare" },
  ];
  return jobs.map((job) => `${JSON.stringify(job)}\n`).join("");
}

interface ListedJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly failure?: { readonly message: string };
}

async function listed(file: QueueFile, state: string): Promise<readonly ListedJob[]> {
  const { stdout } = await file.process(["list", "--json", "--limit", "-1", "--state", state]);
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line) as ListedJob);
}

test("a pipeline of three stages adds up the results of its hundred parts", async () => {
  await using file = await QueueFile.make();
  const pushed = await file.process(["push"], { stdin: pipeline(file.directory.path) });
  const [sum = ""] = pushed.stdout.split("\n");
  await Deno.writeTextFile(file.directory.join("fixed"), "");

  assertEquals((await file.process(["worker", "-n", "2", "--quiet"])).code, 0);

  const waited = await file.process(["wait", sum, "--json"]);
  assertEquals(waited.code, 0);
  assertEquals((JSON.parse(waited.stdout) as { result: unknown }).result, SUM);
});

test("a part that fails cancels what needs it; requeued after the fix, the pipeline completes", async () => {
  await using file = await QueueFile.make();
  const pushed = await file.process(["push"], { stdin: pipeline(file.directory.path) });
  const [sum = ""] = pushed.stdout.split("\n");

  assertEquals((await file.process(["worker", "-n", "2", "--quiet"])).code, 0);

  const [failed, ...others] = await listed(file, "failed");
  assertEquals([failed?.name, others.length], ["part 7", 0]);
  const cancelled = await listed(file, "cancelled");
  assertEquals(cancelled.map(({ id }) => id), [sum]);
  assertEquals(cancelled[0]?.failure?.message, `its parent ${failed?.id} failed`);
  assertEquals((await file.process(["wait", sum])).code, 1);

  await Deno.writeTextFile(file.directory.join("fixed"), "");
  const requeued = await file.process(["requeue", "--failed"]);
  assertEquals(requeued.code, 0);
  assertMatch(requeued.stderr, /1 job/);
  assertEquals((await file.process(["worker", "-n", "2", "--quiet"])).code, 0);

  assertEquals((await file.process(["wait", "--all"])).code, 0);
  const status = await file.process(["status", sum, "--json"]);
  assertEquals((JSON.parse(status.stdout) as { result: unknown }).result, SUM);
});
