import vectors from "../core/wire/task-v1.json" with { type: "json" };
import { assert, assertEquals, assertMatch, assertNotEquals } from "../support/assert.ts";
import { connectionString } from "../support/azurite.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { CloudQueue, commandOf } from "./cloud_queue.ts";

/** What each vector of the Python tool is pushed with; the rest of them cannot be pushed from a command line. */
const LINES: Readonly<Record<string, readonly [words: readonly string[], stdin?: string]>> = {
  "`push -c 'echo hello'`": [["-c", "echo hello"]],
  "same with `--num-retries 3`": [["-c", "echo hello", "--num-retries", "3"]],
  "`push -c 'echo XYZ-$VALUE' -e VALUE=42 --num-retries 2`": [
    ["-c", "echo XYZ-$VALUE", "-e", "VALUE=42", "--num-retries", "2"],
  ],
  'JSON line `{"cmd": "echo Hello $NAME", "env": {"NAME": "John Doe"}}`': [
    [],
    '{"cmd": "echo Hello $NAME", "env": {"NAME": "John Doe"}}\n',
  ],
  "non-ASCII (e-acute, check mark, grinning face)": [["-c", "echo héllo ✓ 😀"]],
};

for (const { what, id, wire } of vectors.filter(({ what }) => Object.hasOwn(LINES, what))) {
  test(`push writes the bytes of the Python tool: ${what}`, async () => {
    const [words = [], stdin] = LINES[what] ?? [];
    const queue = await CloudQueue.place();
    const { code, stdout, stderr } = await queue.process(["push", ...words], { stdin });
    assertEquals([code, stdout, stderr], [0, `${id}\n`, ""]);
    assertEquals(await queue.texts(), [wire]);
  });
}

test("every vector that a command line can push is pushed", () => {
  const others = vectors.map(({ what }) => what).filter((what) => !Object.hasOwn(LINES, what));
  assertEquals(others, ["empty kwargs", "explicit id"]);
});

/** What the Python tool makes of `echo hello` with its newline. */
const WITH_NEWLINE = "814cb31d1fed176464a04ab96036b1f5";
const WITHOUT_NEWLINE = "266bef3ccf2103cfba150a50de23f625";

const NEWLINES: readonly (readonly [words: readonly string[], stdin: string, ids: readonly string[]])[] = [
  [["--keep-newline"], "echo hello\n", [WITH_NEWLINE]],
  [["--keep-newline"], "echo hello\r\n", [WITH_NEWLINE]],
  [["--keep-newline"], "\necho hello\n\necho hello", [WITH_NEWLINE, WITHOUT_NEWLINE]],
  [[], "echo hello\n", [WITHOUT_NEWLINE]],
];
for (const [words, stdin, ids] of NEWLINES) {
  test(`push ${words.join(" ")} of ${JSON.stringify(stdin)} gives ids as the Python tool`, async () => {
    const queue = await CloudQueue.place();
    const { stdout } = await queue.jobq(["push", ...words, "--num-workers", "1"], { stdin });
    assertEquals(stdout, ids.map((id) => `${id}\n`).join(""));
    assertEquals((await queue.texts()).map((text): string => JSON.parse(text).id), [...ids]);
  });
}

test("push --keep-newline leaves JSON lines as they are", async () => {
  const [vector] = vectors.filter(({ what }) => what.startsWith("JSON line"));
  const queue = await CloudQueue.place();
  const stdin = '{"cmd": "echo Hello $NAME", "env": {"NAME": "John Doe"}}\n';
  assertEquals((await queue.jobq(["push", "--keep-newline"], { stdin })).stdout, `${vector?.id}\n`);
});

test("a JSON line keeps the order of its keys, and -e wins over its env", async () => {
  const queue = await CloudQueue.place();
  const stdin = '{"env": {"B": "1", "A": "2"}, "bg_dirsync_to": null, "cmd": "x"}\n';
  await queue.jobq(["push", "-e", "A=3", "-e", "C=4"], { stdin });
  const [text = ""] = await queue.texts();
  assertEquals(
    JSON.parse(text).kwargs,
    '{"env": {"B": "1", "A": "3", "C": "4"}, "bg_dirsync_to": null, "cmd": "x"}',
  );
});

test("--bg-dirsync-to is carried by commands and by the JSON lines that do not say another", async () => {
  const queue = await CloudQueue.place();
  const flags = ["push", "--num-workers", "1", "--bg-dirsync-to", "blob/dir"];
  await queue.jobq([...flags, "-c", "a"]);
  const stdin =
    'b\n{"cmd": "c"}\n{"cmd": "d", "bg_dirsync_to": "other"}\n{"cmd": "e", "bg_dirsync_to": null}\n';
  await queue.jobq(flags, { stdin });
  const told = (await queue.texts()).map((text) => JSON.parse(JSON.parse(text).kwargs).bg_dirsync_to);
  assertEquals(told, ["blob/dir", "blob/dir", "blob/dir", "other", null]);
});

test("push prints the same id for the same job, and random ones with JOBQ_DETERMINISTIC_IDS=0", async () => {
  const queue = await CloudQueue.place();
  const words = ["push", "-c", "echo hello", "-c", "echo hello"];
  assertEquals((await queue.jobq(words)).stdout, `${WITHOUT_NEWLINE}\n`.repeat(2));
  const { stdout } = await queue.jobq(words, { env: { JOBQ_DETERMINISTIC_IDS: "0" } });
  assertMatch(stdout, /^[0-9a-f]{32}\n[0-9a-f]{32}\n$/);
  const [first, second] = stdout.split("\n");
  assertNotEquals(first, second);
  assert(!stdout.includes(WITHOUT_NEWLINE));
});

test("push --json prints an object with the id a line", async () => {
  const queue = await CloudQueue.place();
  assertEquals(
    (await queue.jobq(["push", "--json", "-c", "echo hello"])).stdout,
    `{"id":"${WITHOUT_NEWLINE}"}\n`,
  );
});

test("the ids of many jobs that are sent at a time are printed in the order of the jobs", async () => {
  const queue = await CloudQueue.place();
  const stdin = Array.from({ length: 30 }, (_, index) => `echo ${index}\n`).join("");
  const { code, stdout } = await queue.jobq(["push", "--num-workers", "8"], { stdin });
  const texts = await queue.texts();
  const ids = new Map(texts.map((text) => [commandOf(text), JSON.parse(text).id]));
  assertEquals(code, 0);
  assertEquals(stdout, Array.from({ length: 30 }, (_, index) => `${ids.get(`echo ${index}`)}\n`).join(""));
});

for (const [words, most] of [[["--num-workers", "4"], 4], [[], 10]] as const) {
  test(`push ${words.join(" ") || "without --num-workers"} sends ${most} jobs at a time`, async () => {
    await using proxy = await FlakyProxy.start(await connectionString());
    const queue = await CloudQueue.place(proxy.connectionString);
    await queue.create();
    const answerMs = 500;
    proxy.fault({ kind: "delay", ms: answerMs }, { method: "POST", times: Infinity });
    const stdin = Array.from({ length: 12 }, (_, index) => `echo ${index}\n`).join("");
    assertEquals((await queue.jobq(["push", ...words], { stdin })).code, 0);
    const sentAt = proxy.requests.filter(({ method }) => method === "POST").map(({ at }) => at);
    const first = Math.min(...sentAt);
    assertEquals([sentAt.length, sentAt.filter((at) => at < first + answerMs).length], [12, most]);
  });
}

test("--dedup-window is said to have no effect here, in one line, also with --quiet", async () => {
  const queue = await CloudQueue.place();
  const { code, stderr } = await queue.jobq(["push", "--quiet", "--dedup-window", "7d", "-c", "x"]);
  assertEquals(code, 0);
  assertMatch(stderr, /^\d\d:\d\d:\d\d warn: --dedup-window has no effect on devstoreaccount1\/.*\n$/);
  await using file = await QueueFile.make();
  const other = await file.jobq(["push", "--dedup-window", "7d", "-c", "x"]);
  assertEquals([other.code, /^\S+ warn: --dedup-window has no effect on .*\n$/.test(other.stderr)], [
    0,
    true,
  ]);
});

test("--num-workers, --no-spill and --keep-newline are taken by a push to a file, too", async () => {
  await using file = await QueueFile.make();
  const words = ["push", "--num-workers", "3", "--no-spill", "--keep-newline"];
  assertEquals((await file.jobq(words, { stdin: "a\nb" })).stderr, "");
  assertEquals(await file.commands(), ["a\n", "b"]);
});

const LARGE = JSON.stringify({ cmd: "true", env: { A: "x".repeat(70_000) } });

test("push --no-spill refuses a line over 64 KiB; the jobs before it are pushed", async () => {
  const queue = await CloudQueue.place();
  const { code, stdout, stderr } = await queue.jobq(["push", "--no-spill"], { stdin: `a\nb\n${LARGE}\nc\n` });
  assertEquals([code, stdout.match(/\n/g)?.length], [2, 2]);
  assertMatch(stderr, /^error: Cannot push line 3 of standard input: the job has 7\d{4} bytes,/);
  assertMatch(stderr, /\nhint: the 2 jobs of the lines before it were pushed; push again from line 3 on; /);
  assertEquals((await queue.commands()).toSorted(), ["a", "b"]);
});

test("without --no-spill, a job over 64 KiB is pushed, and run", async () => {
  const queue = await CloudQueue.place();
  assertEquals((await queue.jobq(["push"], { stdin: LARGE })).code, 0);
  assertMatch((await queue.commands()).join(), /^echo 'jobq: this job is too large for a message/);
  assertEquals((await queue.jobq(["pull"])).code, 0);
  assertEquals(await queue.texts(), []);
});
