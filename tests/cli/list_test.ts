import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { shellJob } from "../support/jobs.ts";
import { openAt } from "../support/sqlite.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { test } from "../support/testing.ts";

/** A queue with jobs a (failed), b (cancelled), c (priority 9, name cat) and d (name dog), pushed in this order. */
async function withFour(): Promise<QueueFile> {
  const queue = await QueueFile.make();
  await queue.dead("a");
  const [b = ""] = await queue.pushed("b");
  await queue.look((handle) => handle.cancel([b]));
  await queue.look((handle) =>
    handle.enqueue([shellJob("c", { name: "cat", priority: 9 }), shellJob("d", { name: "dog" })])
  );
  return queue;
}

/** The commands of the jobs that `list` shows with these options. */
async function listed(queue: QueueFile, ...words: readonly string[]): Promise<readonly string[]> {
  const { code, stdout } = await queue.jobq(["list", "--json", ...words]);
  assertEquals(code, 0);
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line).cmd);
}

test("list prints a table of all jobs, the newest first", async () => {
  await using queue = await withFour();
  const { code, stdout, stderr } = await queue.process(["list"]);
  assertEquals([code, stderr], [0, ""]);
  const [head, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(head, ["ID", "STATE", "PRIO", "ATTEMPTS", "AGE", "TOOK", "JOB"]);
  assertEquals(rows.map((row) => [row[1], row[2], row[3], row.at(-1)]), [
    ["pending", "0", "0/1", "dog: d"],
    ["pending", "9", "0/1", "cat: c"],
    ["cancelled", "0", "0/1", "b"],
    ["failed", "0", "1/1", "a"],
  ]);
});

test("list --json prints records as status does, without their history", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.dead("a");
  const { stdout } = await queue.jobq(["list", "--json"]);
  const { parents: _p, children: _c, history: _h, ...status } = JSON.parse(
    (await queue.jobq(["status", `${id}`, "--json"])).stdout,
  );
  assertEquals(JSON.parse(stdout), status);
});

const CASES: readonly [words: readonly string[], commands: readonly string[]][] = [
  [[], ["d", "c", "b", "a"]],
  [["--state", "failed"], ["a"]],
  [["--state=pending,cancelled"], ["d", "c", "b"]],
  [["--name", "*o*"], ["d"]],
  [["--name", "[a-c]?t"], ["c"]],
  [["--name", "o"], []],
  [["--sort", "priority"], ["c", "d", "b", "a"]],
  [["--sort", "name", "--state", "pending", "--reverse"], ["d", "c"]],
  [["--reverse"], ["a", "b", "c", "d"]],
  [["-n", "2"], ["d", "c"]],
  [["-n", "-1"], ["d", "c", "b", "a"]],
  [["--since", "1h"], ["d", "c", "b", "a"]],
  [["--since", "2099-01-01"], []],
];
for (const [words, commands] of CASES) {
  test(`list ${words.join(" ")} shows ${commands.join(", ") || "nothing"}`, async () => {
    await using queue = await withFour();
    assertEquals(await listed(queue, ...words), commands);
  });
}

test("list --since leaves out what was pushed before", async () => {
  await using queue = await QueueFile.make();
  await using old = await openAt(queue.path, { clock: new ManualClock(Date.now() - 7_200_000) });
  await old.enqueue([shellJob("old")]);
  await queue.pushed("new");
  assertEquals(await listed(queue, "--since", "1h"), ["new"]);
});

test("list says on stderr when there are more", async () => {
  await using queue = await QueueFile.with(...Array.from({ length: 101 }, (_, index) => `echo ${index}`));
  const { stdout, stderr } = await queue.jobq(["list"]);
  assertEquals(stdout.match(/\n/g)?.length, 101);
  assertEquals(stderr, "there are more than 100; -n N shows more of them, -n -1 all\n");
  assertEquals((await queue.jobq(["list", "-n", "101"])).stderr, "");
});

test("list without such jobs says so on stderr", async () => {
  await using queue = await QueueFile.with("a");
  assertEquals(await queue.jobq(["list", "--state", "failed"]), {
    code: 0,
    stdout: "",
    stderr: "there are no such jobs\n",
  });
});

test("list cuts its lines at the width of a terminal", async () => {
  await using queue = await QueueFile.with("x".repeat(200));
  const { stdout } = await queue.jobq(["list"], { terminals: ["stdout"], columns: 60 });
  assertEquals(stdout.trimEnd().split("\n").at(-1)?.length, 60);
});

test("list keeps a job on a line, whatever its name holds", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--name", "a\n\x1b[2Jb", "-c", "true"]);
  const { stdout } = await queue.jobq(["list"]);
  // deno-lint-ignore no-control-regex
  assertEquals(stdout.match(/[\x00-\x1f\x7f-\x9f]/g), ["\n", "\n"]);
});

const BAD: Readonly<Record<string, RegExp>> = {
  "--state dead":
    /Cannot use "dead" for --state: "dead" is not a state\nhint: the states are blocked, pending/,
  "--sort size": /Cannot use "size" for --sort.*\nhint: one of created, /,
  "--since yesterday": /Cannot use "yesterday" for --since/,
  "--limit 0": /Cannot use "0" for --limit/,
};
for (const [words, said] of Object.entries(BAD)) {
  test(`list ${words} exits with 2`, async () => {
    await using queue = await QueueFile.with();
    const { code, stderr } = await queue.jobq(["list", ...words.split(" ")]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
  });
}
