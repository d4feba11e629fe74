import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { onTerminal } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** The commands of the dead letters. */
async function deadOf(queue: QueueFile): Promise<unknown[]> {
  const letters = await queue.look(({ deadLetters }) => deadLetters.list());
  return letters.map(({ job }) => job.task.kind === "shell" ? job.task.command : job.task);
}

test("dead list prints a table of the dead letters and why they failed", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.dead("echo 1");
  const { code, stdout, stderr } = await queue.process(["dead", "list"]);
  assertEquals([code, stderr], [0, ""]);
  const [head, row, ...others] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals([head, others], [["ID", "FAILED", "ATTEMPTS", "REASON", "JOB"], []]);
  assertEquals([row?.[0], ...row?.slice(2) ?? []], [id, "1/1", "exit code 3", "echo 1"]);
});

test("dead list --json prints an object a line with the job and its failure", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "-e", "TOKEN=hunter2", "-c", "echo last words; exit 3"]);
  assertEquals((await queue.jobq(["pull", "--quiet"])).code, 1);
  const { stdout } = await queue.jobq(["dead", "list", "--json"]);
  const { failure, ...job } = JSON.parse(stdout);
  assertEquals([job.cmd, job.env, job.state, job.attempts, job.max_attempts], [
    "echo last words; exit 3",
    ["TOKEN"],
    "failed",
    1,
    1,
  ]);
  assertEquals([failure.kind, failure.exit_code, failure.output], ["failed", 3, "last words"]);
  assertMatch(failure.worker_id, /^worker-/);
  assertMatch(failure.at, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test("dead list says on stderr that there are none", async () => {
  await using queue = await QueueFile.with("a");
  assertEquals(await queue.jobq(["dead", "list"]), {
    code: 0,
    stdout: "",
    stderr: "there are no dead letters\n",
  });
});

test("dead list -n shows the oldest", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queue.dead("a", "b");
  const { stdout } = await queue.jobq(["dead", "list", "-n1", "--json"]);
  assertEquals(JSON.parse(stdout).id, first);
});

test("dead requeue puts the dead letter with a number back", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a", "b");
  const { code, stdout, stderr } = await queue.process(["dead", "requeue", "2"]);
  assertEquals([code, stdout, stderr], [0, "", "requeued 1 job\n"]);
  assertEquals([await queue.commands(), await deadOf(queue)], [["b"], ["a"]]);
});

test("dead requeue takes whole ids and beginnings of them", async () => {
  await using queue = await QueueFile.make();
  const [first = "", second = ""] = await queue.dead("a", "b", "c");
  const { stderr } = await queue.jobq(["dead", "requeue", first, second.slice(0, 3)]);
  assertEquals(stderr, "requeued 2 jobs\n");
  assertEquals([await queue.commands(), await deadOf(queue)], [["a", "b"], ["c"]]);
});

test("dead requeue --all puts all of them back", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a", "b");
  assertEquals((await queue.jobq(["dead", "requeue", "--all"])).stderr, "requeued 2 jobs\n");
  assertEquals([await queue.commands(), await deadOf(queue)], [["a", "b"], []]);
});

test("dead requeue of an ambiguous beginning exits with 2 and lists what it fits", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.dead(...Array.from({ length: 11 }, (_, index) => `echo ${index}`));
  await queue.jobq(["dead", "purge", "1", "--yes"]);
  const { code, stderr } = await queue.jobq(["dead", "requeue", "1"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot tell which dead letter "1" means: 2 start with it/);
  assert(stderr.includes(`hint: one of ${ids[9]}, ${ids[10]}\n`), stderr);
  assertEquals(await queue.commands(), []);
});

const UNKNOWN: readonly (readonly string[])[] = [["requeue", "77"], ["requeue", "2", "77"], ["purge", "77"], [
  "purge",
  "",
]];
for (const words of UNKNOWN) {
  test(`dead ${words[0]} of ${JSON.stringify(words.slice(1))} exits with 2 and changes nothing`, async () => {
    await using queue = await QueueFile.make();
    await queue.pushed("waiting");
    await queue.jobq(["clear", "--yes"]);
    await queue.dead("dead");
    const { code, stderr } = await queue.jobq(["dead", ...words]);
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /Cannot find "(77)?": no dead letter starts with it\nhint: jobq dead list shows them/,
    );
    assertEquals([await queue.commands(), await deadOf(queue)], [[], ["dead"]]);
  });
}

for (const command of ["requeue", "purge"]) {
  test(`dead ${command} without ids and --all exits with 2`, async () => {
    await using queue = await QueueFile.make();
    await queue.dead("a");
    const { code, stderr } = await queue.jobq(["dead", command]);
    assertEquals(code, 2);
    assertMatch(stderr, /none were named\nhint: name their ids \(jobq dead list shows them\), or give --all/);
  });

  test(`dead ${command} with ids and --all exits with 2`, async () => {
    await using queue = await QueueFile.make();
    await queue.dead("a");
    const { code, stderr } = await queue.jobq(["dead", command, "--all", "1"]);
    assertEquals(code, 2);
    assertMatch(stderr, /--all and ids were given/);
    assertEquals(await deadOf(queue), ["a"]);
  });
}

test("dead purge --yes removes what is named", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a", "b");
  const { code, stdout, stderr } = await queue.process(["dead", "purge", "1", "--yes"]);
  assertEquals([code, stdout, stderr], [0, "", "removed 1 dead letter\n"]);
  assertEquals(await deadOf(queue), ["b"]);
});

test("dead purge --all without a terminal wants --yes, exits with 2 and removes nothing", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a", "b");
  const { code, stderr } = await queue.process(["dead", "purge", "--all"], { stdin: "y\n" });
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot ask "Remove 2 dead letters of .* for good\?": this is not a terminal/);
  assertEquals(await deadOf(queue), ["a", "b"]);
});

test("dead purge --all counts the jobs that ran out of time", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a");
  await queue.jobq(["push", "--timeout", "20ms", "-c", "exec sleep 60"]);
  await queue.process(["pull", "--quiet"]);
  assertMatch((await queue.jobq(["dead", "purge", "--all"])).stderr, /Cannot ask "Remove 2 dead letters of /);
});

for (const [input, left] of [["y\n", []], ["n\n", ["a"]]] as const) {
  test(`dead purge on a terminal leaves ${left.length} of 1 when ${JSON.stringify(input)} is typed`, async () => {
    await using queue = await QueueFile.make();
    await queue.dead("a");
    const { code, output } = await onTerminal(`jobq ${queue.path} dead purge --all`, { input });
    assertEquals(code, 0, output);
    assertMatch(output, /Remove 1 dead letter of .*jobs\.db for good\? \[y\/N\] /);
    assertEquals(await deadOf(queue), [...left]);
  });
}
