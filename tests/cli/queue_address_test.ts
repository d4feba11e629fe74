import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { jobq } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { UNPRIVILEGED } from "../support/unprivileged.ts";

const WAYS: Readonly<Record<string, (path: string) => [words: string[], env?: Record<string, string>]>> = {
  "as the leading word": (path) => [[path, "size"]],
  "as -q before the command": (path) => [["-q", path, "size"]],
  "as --queue before the command": (path) => [["--queue", path, "size"]],
  "as --queue= before the command, after other options": (
    path,
  ) => [["-v", "--log-format", "json", `--queue=${path}`, "size"]],
  "as the leading word, after options": (path) => [["-v", path, "size"]],
  "as -q after the command": (path) => [["size", "-q", path]],
  "as --queue= after the command": (path) => [["size", `--queue=${path}`]],
  "as $JOBQ": (path) => [["size"], { JOBQ: path }],
  "with the scheme sqlite:": (path) => [["size", "-q", `sqlite:${path}`]],
  "with its default name": (path) => [["size", "-q", `${path}#default`]],
  "as -q though $JOBQ names another": (path) => [["size", "-q", path], { JOBQ: "/nowhere/else.db" }],
  "as $JOBQ_STORAGE_QUEUE": (path) => [["size"], { JOBQ_STORAGE_QUEUE: path }],
  "as $JOBQ though $JOBQ_STORAGE_QUEUE names another": (
    path,
  ) => [["size"], { JOBQ: path, JOBQ_STORAGE_QUEUE: "account/other" }],
  "as $JOBQ_STORAGE_QUEUE though $JOBQ is empty": (
    path,
  ) => [["size"], { JOBQ: "", JOBQ_STORAGE_QUEUE: path }],
  "as -q though $JOBQ_STORAGE_QUEUE names another": (
    path,
  ) => [["size", "-q", path], { JOBQ_STORAGE_QUEUE: "account/other" }],
  "as the leading word though $JOBQ names another": (path) => [[path, "size"], { JOBQ: "/nowhere/else.db" }],
};
for (const [how, lineOf] of Object.entries(WAYS)) {
  test(`a queue can be named ${how}`, async () => {
    await using queue = await QueueFile.with("a", "b", "c");
    const [words, env] = lineOf(queue.path);
    assertEquals(await runMain(words, { env }), { code: 0, stdout: "3\n", stderr: "" });
  });
}

test("a queue that is named before the command and after -q is an error", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["push", "-c", "true", "-q", "other.db"]);
  assertEquals(code, 2);
  assertEquals(
    stderr,
    `error: Cannot use two queues: "${queue.path}" before the command and "other.db" after -q\nhint: give one of them\n`,
  );
  assertEquals([...Deno.readDirSync(queue.directory.path)], []);
});

test("an error about two queues shows no password", async () => {
  const { stderr } = await runMain(["ssh://me:hunter2@host/x", "size", "-q", "ssh://me:hunter2@host/y"]);
  assert(!stderr.includes("hunter2"), stderr);
});

test("a queue in the current directory is named by its file alone", async () => {
  await using directory = await TempDir.make();
  assertEquals((await jobq(["push", "-q", "here.db", "-c", "true"], { cwd: directory.path })).code, 0);
  assert((await Deno.stat(directory.join("here.db"))).isFile);
});

test("several queues in a file do not see each other's jobs", async () => {
  await using queue = await QueueFile.with("a");
  await runMain([`${queue.path}#second`, "push", "-c", "b", "-c", "c"]);
  assertEquals((await runMain([`${queue.path}#second`, "size"])).stdout, "2\n");
  assertEquals((await queue.jobq(["size"])).stdout, "1\n");
});

test("without an address, push makes the default queue in XDG_STATE_HOME", async () => {
  await using directory = await TempDir.make();
  const env = { XDG_STATE_HOME: directory.join("state") };
  assertEquals((await jobq(["push", "-c", "true"], { env })).code, 0);
  assert((await Deno.stat(directory.join("state/jobq/jobs.db"))).isFile);
  assertEquals((await jobq(["size"], { env })).stdout, "1\n");
});

test("without an address and XDG_STATE_HOME, the default queue is under HOME", async () => {
  await using directory = await TempDir.make();
  assertEquals((await runMain(["push", "-c", "true"], { env: { HOME: directory.path } })).code, 0);
  assert((await Deno.stat(directory.join(".local/state/jobq/jobs.db"))).isFile);
});

test("an empty $JOBQ is as good as none", async () => {
  await using directory = await TempDir.make();
  const env = { JOBQ: "", XDG_STATE_HOME: directory.path };
  assertEquals((await runMain(["push", "-c", "true"], { env })).code, 0);
  assert((await Deno.stat(directory.join("jobq/jobs.db"))).isFile);
});

const BAD: Readonly<Record<string, RegExp>> = {
  "jobs": /Cannot use "jobs" as a queue: it has none of the known forms\nhint: a queue is a file like/,
  " ": /as a queue: the address is empty/,
  "sqlite:": /it names no file/,
  "a.db#no good": /"no good" is not a queue's name/,
  "ssh://host": /it lacks a host or a path/,
};
for (const [address, said] of Object.entries(BAD)) {
  test(`the address "${address}" is refused with 2 and the known forms`, async () => {
    const { code, stderr } = await runMain(["push", "-q", address, "-c", "true"]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
    assertMatch(stderr, /hint: a queue is a file like jobs\.db/);
  });
}

const MISNAMED_BUS: Readonly<Record<string, RegExp>> = {
  "sb:///queue": /Cannot use "sb:\/\/\/queue" as a queue: its namespace is missing\n/,
  "sb://namespace": /its queue's name is missing\n/,
  "sb://namespace/": /its queue's name is missing\n/,
  "sb://namespace/team/": /its queue's name has a slash at an end, or two in a row\n/,
};
for (const [address, said] of Object.entries(MISNAMED_BUS)) {
  test(`the address ${address} is refused with 2, and it is said how such addresses look`, async () => {
    const { code, stderr } = await runMain([address, "push", "-c", "true"]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
    assertMatch(stderr, /\nhint: write it like sb:\/\/my-namespace\/my-queue; /);
  });
}

test("an address with a key is refused with 2, wherever it stands, and the key is not shown", async () => {
  const address = "sb://name:hunter2=@namespace/queue";
  const lines = [
    [address, "size"],
    ["size", "-q", address],
    [address, "size", "-q", address],
    ["size", address],
    [address],
  ];
  for (const words of lines) {
    const { code, stdout, stderr } = await runMain([...words, "-vv"]);
    assertEquals([code, stdout], [2, ""]);
    assert(!stderr.includes("hunter2"), stderr);
  }
});

const MISNAMED: Readonly<Record<string, RegExp>> = {
  "Account/queue": /Cannot use "Account\/queue" as a queue: its account has upper-case letters\n/,
  "account/Queue": /its queue's name has upper-case letters\n/,
  "account/q": /its queue's name is shorter than 3 characters\n/,
  "account/two--hyphens": /its queue's name has two hyphens in a row\n/,
};
for (const [address, said] of Object.entries(MISNAMED)) {
  test(`the address ${address} is refused with 2, and it is said how names look`, async () => {
    const { code, stderr } = await runMain([address, "push", "-c", "true"]);
    assertEquals(code, 2);
    assertMatch(stderr, said);
    assertMatch(stderr, /\nhint: in ACCOUNT\/QUEUE, the account has 3 to 24 lower-case letters and digits, /);
  });
}

const READERS = [["size"], ["peek"], ["pull"], ["clear", "--yes"], ["dead", "list"], [
  "dead",
  "requeue",
  "--all",
], [
  "dead",
  "purge",
  "--all",
  "--yes",
]];
for (const words of READERS) {
  test(`${words.join(" ")} on a file that does not exist exits with 3 and makes none`, async () => {
    await using queue = await QueueFile.make();
    const { code, stdout, stderr } = await queue.jobq(words);
    assertEquals([code, stdout], [3, ""]);
    assertMatch(stderr, /error: Cannot open ".*": there is no such file\nhint: .*jobq push/);
    assertEquals([...Deno.readDirSync(queue.directory.path)], []);
  });
}

for (const words of [["push", "-c", "true"], ["worker"], ["size"]]) {
  test(`${words[0]} in a directory that does not exist exits with 3`, async () => {
    await using directory = await TempDir.make();
    const { code, stderr } = await runMain([directory.join("missing/jobs.db"), ...words]);
    assertEquals(code, 3);
    assertMatch(stderr, /error: Cannot open ".*missing\/jobs\.db": .*directory.*\nhint: /);
  });
}

test("a queue that the file does not have exits with 3 and its name", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stderr } = await runMain([`${queue.path}#other`, "size"]);
  assertEquals(code, 3);
  assertMatch(stderr, /the file has no queue "other"/);
});

test("a file that is no queue exits with 5 and is left alone", async () => {
  await using queue = await QueueFile.make();
  await Deno.writeTextFile(queue.path, "a letter to a friend, of more than a hundred bytes\n".repeat(3));
  const { code, stderr } = await queue.jobq(["push", "-c", "true"]);
  assertEquals(code, 5);
  assertMatch(stderr, /^error: Cannot open ".*": .*\nhint: /);
  assertEquals((await Deno.readTextFile(queue.path)).length, 153);
});

for (const words of [["push", "-c", "true"], ["size"], ["worker"]]) {
  test(`${words[0]} on a file without permission exits with 4`, async () => {
    await using queue = await QueueFile.with("a");
    await Deno.chmod(queue.path, 0o000);
    const { code, stdout, stderr } = await queue.process(words, { through: UNPRIVILEGED });
    assertEquals([code, stdout], [4, ""], stderr);
    assertMatch(stderr, /^error: Cannot .*jobs\.db.*\nhint: /);
    await Deno.chmod(queue.path, 0o600);
    assertEquals(await queue.commands(), ["a"]);
  });
}
