import { main } from "../../src/cli/main.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

const lines = (...jobs: readonly (object | string)[]) =>
  jobs.map((job) => `${typeof job === "string" ? job : JSON.stringify(job)}\n`).join("");

/** The parents of the jobs, by their commands. */
async function parentsOf(queue: QueueFile): Promise<Readonly<Record<string, readonly string[]>>> {
  return await queue.look(async (handle) => {
    const records = await handle.list({ sort: "created", reverse: true });
    const commands = new Map(records.map(({ id, task }) => [id, task.kind === "shell" ? task.command : ""]));
    const entries: [string, string[]][] = [];
    for (const { id } of records) {
      const parents = (await handle.get(id))?.parents ?? [];
      entries.push([commands.get(id) ?? "", parents.map((one) => `${commands.get(one.id)}:${one.when}`)]);
    }
    return Object.fromEntries(entries);
  });
}

test("lines refer to each other by their keys, in any order, and their ids are printed in the lines' order", async () => {
  await using queue = await QueueFile.make();
  const stdin = lines(
    { cmd: "sum", after: ["part1", "part2:any"] },
    { cmd: "1", key: "part1", after: "prepare" },
    { cmd: "2", key: "part2", after: "prepare" },
    { cmd: "prepare", key: "prepare" },
    { cmd: "mail", after: "part1:failed,prepare" },
  );
  const { code, stdout, stderr } = await queue.process(["push"], { stdin });
  assertEquals([code, stderr], [0, ""]);
  const printed = await Promise.all(
    stdout.trimEnd().split("\n").map(async (id) => (await queue.look((handle) => handle.get(id)))?.task),
  );
  assertEquals(printed, ["sum", "1", "2", "prepare", "mail"].map((command) => ({ kind: "shell", command })));
  assertEquals(await parentsOf(queue), {
    "sum": ["1:ok", "2:any"],
    "1": ["prepare:ok"],
    "2": ["prepare:ok"],
    "prepare": [],
    "mail": ["1:failed", "prepare:ok"],
  });
});

test("lines refer to jobs on the queue by id, number or beginning", async () => {
  await using queue = await QueueFile.make();
  const [a, b] = await queue.pushed("a", "b");
  await queue.jobq(["push"], {
    stdin: lines({ cmd: "x", after: ["1", `${b?.slice(0, 4)}:any`] }, { cmd: "y", after: a }),
  });
  const { x, y } = await parentsOf(queue);
  assertEquals([x, y], [["a:ok", "b:any"], ["a:ok"]]);
});

test("a key of the push goes before the number of a job on the queue", async () => {
  await using queue = await QueueFile.with("old");
  await queue.jobq(["push"], { stdin: lines({ cmd: "x", after: "1" }, { cmd: "new", key: "1" }) });
  assertEquals((await parentsOf(queue)).x, ["new:ok"]);
});

test("the same keys may be used by the next push, as they are labels only", async () => {
  await using queue = await QueueFile.make();
  const stdin = lines({ cmd: "a", key: "a" }, { cmd: "b", after: "a" });
  for (const _ of [1, 2]) assertEquals((await queue.jobq(["push"], { stdin })).code, 0);
  assertEquals(await queue.commands(), ["a", "a"]);
});

test("a key with if_exists is pushed once, and the existing job takes part in the push", async () => {
  await using queue = await QueueFile.make();
  const stdin = lines({ cmd: "a", key: "a", if_exists: "skip" }, { cmd: "b", after: "a" });
  await queue.jobq(["push"], { stdin });
  const { stdout, stderr } = await queue.jobq(["push", "--json"], { stdin });
  const [first, second] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertMatch(first.id, /^1-/);
  assertEquals([first.existing, second.existing], [true, undefined]);
  assertMatch(stderr, /^not pushed: job 1-\w+, which is not finished, has the same key\n$/);
  assertEquals((await queue.look((handle) => handle.get(second.id)))?.parents[0]?.id, first.id);
});

test("--if-exists holds for all lines with a key, and for no others", async () => {
  await using queue = await QueueFile.make();
  const stdin = lines("plain", { cmd: "a", key: "a" }, { cmd: "b", key: "b", if_exists: "replace" });
  await queue.jobq(["push", "--if-exists", "skip"], { stdin });
  const { stderr } = await queue.jobq(["push", "--if-exists", "skip"], { stdin });
  assertMatch(stderr, /^not pushed: job 2-/);
  assertEquals(await queue.commands(), ["plain", "a", "plain", "b"]);
});

test("several lines that were not pushed are counted", async () => {
  await using queue = await QueueFile.make();
  const stdin = lines({ cmd: "a", key: "a" }, { cmd: "b", key: "b" });
  await queue.jobq(["push", "--if-exists", "skip"], { stdin });
  const { stderr } = await queue.jobq(["push", "--if-exists", "skip"], { stdin });
  assertEquals(stderr, "2 jobs were not pushed: unfinished ones have the same keys\n");
});

const REFUSED: Readonly<Record<string, [stdin: string, said: RegExp]>> = {
  "an unknown key": [
    lines("plain", { cmd: "a", key: "a" }, { cmd: "b", after: ["a", "c"] }),
    /^error: Cannot push line 3 of standard input: it is to run after "c", which is no job of this push and none/,
  ],
  "a bad line after keys": [
    lines({ cmd: "a", key: "a" }, "plain", "{oops"),
    /^error: Cannot push line 3 of standard input: it is not valid JSON/,
  ],
  "a bad key": [lines("plain", { cmd: "a", key: "a b" }), /line 2 of standard input: a key has no commas/],
  "a bad after": [lines("plain", { cmd: "a", after: 5 }), /line 2 .*"after" is neither a text nor an array/],
  "a bad if_exists": [
    lines("plain", { cmd: "a", key: "a", if_exists: "no" }),
    /line 2 .*"if_exists" is none of skip, replace, error/,
  ],
  "if_exists without a key": [
    lines({ cmd: "a", after: "b", if_exists: "skip" }),
    /line 1 .*it has "if_exists" without "key"/,
  ],
  "a bad priority": [
    lines({ cmd: "a", key: "a", priority: 1.5 }),
    /line 1 .*the priority is 1.5, but must be/,
  ],
  "a key twice": [
    lines({ cmd: "a", key: "a" }, "plain", { cmd: "b", key: "a" }),
    /line 3 of standard input: another job of this push has its key "a"/,
  ],
  "a job that waits for itself": [
    lines("plain", { cmd: "a", key: "a", after: "a" }),
    /^error: Cannot push standard input: line 2 waits for itself\n/,
  ],
  "a circle": [
    lines(
      { cmd: "x", after: "a" },
      { cmd: "a", key: "a", after: "c" },
      { cmd: "b", key: "b", after: "a" },
      "plain",
      { cmd: "c", key: "c", after: "b" },
    ),
    /^error: Cannot push standard input: lines 2, 3 and 5 wait for each other\nhint: nothing was pushed; change the "after" of one/,
  ],
  "a job that no worker could run": [
    lines({ cmd: "a", key: "a" }, { cmd: " " }),
    /^error: Cannot push line 2 of standard input: the command is empty\nhint: nothing was pushed/,
  ],
};
for (const [what, [stdin, said]] of Object.entries(REFUSED)) {
  test(`${what} exits with 2, names the line and pushes nothing`, async () => {
    await using queue = await QueueFile.make();
    const { code, stdout, stderr } = await queue.jobq(["push"], { stdin });
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, said);
    assertMatch(stderr, /\nhint: nothing was pushed/);
    assertEquals(await queue.commands(), []);
  });
}

test("a long circle names twenty of its lines", async () => {
  await using queue = await QueueFile.make();
  const stdin = lines(
    ...Array.from(
      { length: 30 },
      (_, index) => ({ cmd: "x", key: `k${index}`, after: `k${(index + 1) % 30}` }),
    ),
  );
  const { stderr } = await queue.jobq(["push"], { stdin });
  assertMatch(stderr, /: lines 1, 2, .*, 19, 20 and 10 more wait for each other\n/);
});

test("what was pushed before the first line with a key stays, and the error says so", async () => {
  await using queue = await QueueFile.make();
  const encoder = new TextEncoder();
  const pieces = async function* () {
    yield encoder.encode("one\ntwo\n");
    await waitUntil(async () => (await queue.commands()).length === 2);
    yield encoder.encode(lines("three", { cmd: "four", after: "none" }));
  };
  const fake = new FakeIo();
  const code = await main([queue.path, "push"], { ...fake.io, stdin: () => ReadableStream.from(pieces()) });
  assertEquals([code, await queue.commands()], [2, ["one", "two"]]);
  assertMatch(fake.stderr.text, /line 4 of .*\nhint: only what stands before line 3 was pushed \(2 jobs\)\n/);
});

test("an ambiguous name in a line lists what it fits", async () => {
  await using queue = await QueueFile.with(...Array.from({ length: 12 }, (_, index) => `echo ${index}`));
  await queue.look(async (handle) => {
    const [id = ""] = await handle.findIds("1", { limit: 1 });
    await handle.cancel([id]);
    await handle.prune();
  });
  const { code, stderr } = await queue.jobq(["push"], { stdin: lines({ cmd: "x", after: "1" }) });
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /it is to run after "1", and 3 jobs start with that\nhint: nothing was pushed; one of 10-/,
  );
});
