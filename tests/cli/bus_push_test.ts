import vectors from "../core/wire/task-v1.json" with { type: "json" };
import { assert, assertBetween, assertEquals, assertMatch, assertNotEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";
import { CloudQueue, commandOf } from "./cloud_queue.ts";

const DAY_MS = 86_400_000;
/** The id of `echo hello`. */
const HELLO = "266bef3ccf2103cfba150a50de23f625";

/** What vectors of the Python tool are pushed with. */
const LINES: Readonly<Record<string, readonly [words: readonly string[], stdin?: string]>> = {
  "`push -c 'echo hello'`": [["-c", "echo hello"]],
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
  test(`push to Service Bus sends the bytes of the Python tool, under the job's id: ${what}`, async () => {
    const [words = [], stdin] = LINES[what] ?? [];
    await using queue = await BusQueue.place();
    const { code, stdout, stderr } = await queue.process(["push", ...words], { stdin });
    assertEquals([code, stdout, stderr], [0, `${id}\n`, ""]);
    assertEquals(queue.view.active.map(({ body, messageId }) => [body, messageId]), [[wire, String(id)]]);
  });
}

test("push makes a queue as the Python tool does, and says so", async () => {
  await using queue = await BusQueue.place();
  const { code, stderr } = await queue.jobq(["push", "-c", "x"]);
  assertEquals([code, stderr.replace(/^\S+ /, "")], [0, `made the queue ${queue.address}\n`]);
  const { lockDurationMs, duplicateDetectionMs, maxDeliveryCount, defaultTtlMs } = queue.view.options;
  assertEquals([lockDurationMs, duplicateDetectionMs, maxDeliveryCount], [300_000, 7 * DAY_MS, 1000]);
  assert(defaultTtlMs > 10 * 365 * DAY_MS, `messages expire after ${defaultTtlMs} ms`);
});

test("push --lock-duration and --dedup-window make a queue with these", async () => {
  await using queue = await BusQueue.place();
  const words = ["push", "--quiet", "--lock-duration", "30s", "--dedup-window", "12h", "-c", "x"];
  assertEquals(await queue.jobq(words).then(({ code, stderr }) => [code, stderr]), [0, ""]);
  const { lockDurationMs, duplicateDetectionMs } = queue.view.options;
  assertEquals([lockDurationMs, duplicateDetectionMs], [30_000, DAY_MS / 2]);
});

test("on a queue that was made with --dedup-window 0, a job that is pushed twice is there twice", async () => {
  await using queue = await BusQueue.place();
  await queue.jobq(["push", "--dedup-window", "0", "-c", "x"]);
  await queue.jobq(["push", "--dedup-window", "0", "-c", "x"]);
  assertEquals(queue.commands, ["x", "x"]);
});

test("a job that is pushed twice is on the queue once, and both pushes print its id", async () => {
  await using queue = await BusQueue.with();
  for (let round = 0; round < 2; round++) {
    const { code, stdout } = await queue.jobq(["push", "-c", "echo hello"]);
    assertEquals([code, stdout], [0, `${HELLO}\n`]);
  }
  assertEquals(queue.commands, ["echo hello"]);
});

test("push --new-id pushes the same job again, each time under an id of its own", async () => {
  await using queue = await BusQueue.with("echo hello");
  const stdouts = [];
  for (const words of [["-c", "echo hello"], ["-c", "echo hello"], ["--", "echo", "hello"]]) {
    const { code, stdout } = await queue.jobq(["push", "--new-id", ...words]);
    assertEquals(code, 0);
    assertMatch(stdout, /^[0-9a-f]{32}\n$/);
    stdouts.push(stdout.trim());
  }
  assertEquals(new Set([HELLO, ...stdouts]).size, 4);
  assertEquals(queue.view.all.map(({ messageId }) => messageId), [HELLO, ...stdouts]);
  assertEquals(queue.view.all.map(({ body }): string => JSON.parse(body).id), [HELLO, ...stdouts]);
});

test("push --new-id pushes equal lines of standard input as jobs of their own", async () => {
  await using queue = await BusQueue.with();
  const { stdout } = await queue.jobq(["push", "--new-id"], { stdin: "a\na\na\n" });
  assertEquals([new Set(stdout.trim().split("\n")).size, queue.commands], [3, ["a", "a", "a"]]);
});

test("push --new-id to a storage queue gives ids of their own, too", async () => {
  const queue = await CloudQueue.place();
  const { code, stdout, stderr } = await queue.jobq([
    "push",
    "--new-id",
    "-c",
    "echo hello",
    "-c",
    "echo hello",
  ]);
  assertEquals([code, stderr], [0, ""]);
  const [first, second] = stdout.trim().split("\n");
  assertNotEquals(first, second);
  assert(!stdout.includes(HELLO), stdout);
  assertEquals(
    (await queue.texts()).map((text): string => JSON.parse(text).id).toSorted(),
    [first, second].toSorted(),
  );
});

test("push --json says beside the id that the service deduplicates", async () => {
  await using queue = await BusQueue.with();
  const line = `{"id":"${HELLO}","deduplication":"by the service"}\n`;
  assertEquals((await queue.jobq(["push", "--json", "-c", "echo hello"])).stdout, line);
  assertEquals(
    (await queue.jobq(["push", "--json", "-c", "echo hello", "-c", "echo hello"])).stdout,
    line.repeat(2),
  );
  assertEquals(queue.commands, ["echo hello"]);
});

test("push --json says so of the lines of standard input, too", async () => {
  await using queue = await BusQueue.with();
  const { stdout } = await queue.jobq(["push", "--json"], { stdin: "a\nb\n" });
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ deduplication }) => deduplication), ["by the service", "by the service"]);
});

test("a queue's name may have slashes", async () => {
  await using queue = await BusQueue.place("team/gpu/jobs-1");
  assertEquals((await queue.jobq(["push", "-c", "true"])).code, 0);
  assertEquals((await queue.jobq(["size"])).stdout, "1\n");
  assertEquals((await queue.jobq(["pull"])).code, 0);
  assertEquals(queue.view.all, []);
});

test("push --delay leaves a job to the service until its time has come", async () => {
  await using queue = await BusQueue.with();
  const before = Date.now();
  assertEquals((await queue.jobq(["push", "--delay", "2d", "-c", "later"])).code, 0);
  const [{ state } = { state: undefined }] = queue.view.scheduled;
  assert(state?.kind === "scheduled");
  assertBetween(state.at, before + 2 * DAY_MS - 1_000, Date.now() + 2 * DAY_MS);
});

test("the ids of many jobs are printed in the order of the jobs", async () => {
  await using queue = await BusQueue.with();
  const stdin = Array.from({ length: 300 }, (_, index) => `echo ${index}\n`).join("");
  const { code, stdout } = await queue.jobq(["push"], { stdin });
  const ids = new Map(queue.view.all.map(({ body, messageId }) => [commandOf(body), messageId]));
  assertEquals(code, 0);
  assertEquals(stdout, Array.from({ length: 300 }, (_, index) => `${ids.get(`echo ${index}`)}\n`).join(""));
});

test("a line that is too large for the service is refused with 2; the jobs before it are pushed", async () => {
  await using queue = await BusQueue.with();
  const large = JSON.stringify({ cmd: "true", env: { A: "x".repeat(300_000) } });
  const { code, stdout, stderr } = await queue.jobq(["push"], { stdin: `a\nb\n${large}\nc\n` });
  assertEquals([code, stdout.match(/\n/g)?.length], [2, 2]);
  assertMatch(stderr, /^error: Cannot push line 3 of standard input: /);
  assertMatch(stderr, /\nhint: the 2 jobs of the lines before it were pushed; push again from line 3 on; /);
  assertEquals(queue.commands, ["a", "b"]);
});

const CREATED = { lockDurationMs: 60_000, duplicateDetectionMs: DAY_MS };
const MISMATCHES: Readonly<Record<string, RegExp>> = {
  "--lock-duration 30s --dedup-window 1d": /: its leases last 1m instead of 30s\n$/,
  "--lock-duration 1m --dedup-window 12h": /: it takes equal jobs for one for 1d instead of for 12h\n$/,
  "--lock-duration 1m --dedup-window 0": /: it takes equal jobs for one for 1d instead of never\n$/,
};
for (const [flags, said] of Object.entries(MISMATCHES)) {
  test(`push ${flags} to a queue that was made otherwise is one warning, and changes nothing`, async () => {
    await using queue = await BusQueue.made(CREATED);
    const { code, stderr } = await queue.jobq(["push", "--quiet", ...flags.split(" "), "-c", "x"]);
    assertEquals([code, stderr.match(/\n/g)?.length, queue.commands], [0, 1, ["x"]], stderr);
    assertMatch(stderr, /^\S+ warn: sb:\/\/\S+ was made with other settings, and is not changed: /);
    assertMatch(stderr, said);
    const { lockDurationMs, duplicateDetectionMs } = queue.view.options;
    assertEquals({ lockDurationMs, duplicateDetectionMs }, CREATED);
  });
}

test("push --lock-duration and --dedup-window to a queue that has just these says nothing", async () => {
  await using queue = await BusQueue.made(CREATED);
  const words = ["push", "--quiet", "--lock-duration", "1m", "--dedup-window", "1d", "-c", "x"];
  assertEquals((await queue.jobq(words)).stderr, "");
});
