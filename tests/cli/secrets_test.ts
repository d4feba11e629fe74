import { assert, assertEquals } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

const SECRET = "hunter2";

/** A queue with two jobs that hold the secret in their environment and fail. */
async function withSecret(): Promise<QueueFile> {
  const queue = await QueueFile.make();
  const env = ["-e", `TOKEN=${SECRET}`];
  assertEquals((await queue.jobq(["push", ...env, "--name", "n", "-c", "exit 1", "-c", "exit 1"])).code, 0);
  return queue;
}

test("no log line of a worker holds a value given with -e, not even with -vv", async () => {
  await using queue = await withSecret();
  const { stdout, stderr } = await queue.process(["worker", "-vv"]);
  assert(stderr.includes("failed for good"), stderr);
  assert(!(stdout + stderr).includes(SECRET), stderr);
});

const VIEWS = [
  ["peek"],
  ["peek", "--json"],
  ["size", "--json"],
  ["list"],
  ["list", "--json"],
  ["status", "1"],
  ["status", "1", "--json"],
  ["why", "1"],
];
for (const words of VIEWS) {
  test(`${words.join(" ")} does not show a value given with -e`, async () => {
    await using queue = await withSecret();
    const { code, stdout, stderr } = await queue.jobq(words);
    assertEquals([code, (stdout + stderr).includes(SECRET), stdout !== ""], [0, false, true]);
  });
}

for (const words of [["dead", "list"], ["dead", "list", "--json"]]) {
  test(`${words.join(" ")} does not show a value given with -e`, async () => {
    await using queue = await withSecret();
    await queue.jobq(["pull"]);
    const { code, stdout, stderr } = await queue.jobq(words);
    assertEquals([code, (stdout + stderr).includes(SECRET), stdout.includes("exit 1")], [0, false, true]);
  });
}

const WRONG: Readonly<Record<string, readonly string[]>> = {
  "a value without =": ["-e", SECRET, "-c", "x"],
  "a value that begins with =": ["-e", `=${SECRET}`, "-c", "x"],
  "another value without =": ["-e", "SEED", "-e", `TOKEN=${SECRET}`, "-c", "x"],
  "a variable that is too long": ["-e", `TOKEN=${SECRET.repeat(50_000)}`, "-c", "x"],
  "an unknown option": ["-e", `TOKEN=${SECRET}`, "--unknown", "-c", "x"],
  "an unknown option with a value": [`--token=${SECRET}`, "-c", "x"],
  "an empty command": ["-e", `TOKEN=${SECRET}`, "-c", ""],
};
for (const [what, words] of Object.entries(WRONG)) {
  test(`the error about ${what} shows no value of -e, not even with -vv`, async () => {
    await using queue = await QueueFile.make();
    const { code, stdout, stderr } = await queue.jobq(["push", "-vv", ...words]);
    assertEquals([code, stdout, stderr.includes(SECRET)], [2, "", false], stderr);
  });
}

const LINES: readonly string[] = [
  `{"cmd":"x","env":{"TOKEN":"${SECRET}"} x}`,
  `{"env":{"TOKEN":"${SECRET}"}}`,
  `{"cmd":"x","env":{"TOKEN":"${SECRET}\\u0000"}}`,
  `{"cmd":"x","env":"${SECRET}"}`,
  `{${SECRET}}`,
];
for (const line of LINES) {
  test(`the error about the line ${line.replace(SECRET, "…")} shows nothing of its env`, async () => {
    await using queue = await QueueFile.make();
    const { code, stderr } = await queue.jobq(["push", "-vv"], { stdin: line });
    assertEquals([code, stderr.includes(SECRET)], [2, false], stderr);
  });
}

test("the error about an address shows no password", async () => {
  const { code, stderr } = await runMain([`ssh://me:${SECRET}@host:0/jobs.db`, "size"]);
  assertEquals([code, stderr.includes(SECRET), stderr.includes("me:***@host")], [2, false, true], stderr);
});
