import type { NewJob } from "../../../src/core/job.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import vectors from "../../core/wire/task-v1.json" with { type: "json" };
import { Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

/** What is pushed here, in the order of the first five vectors. */
const PUSHED: readonly NewJob[] = [
  shellJob("echo hello"),
  shellJob("echo hello", { maxAttempts: 4 }),
  shellJob("echo XYZ-$VALUE", { env: { VALUE: "42" }, maxAttempts: 3 }),
  shellJob("echo Hello $NAME", {
    env: { NAME: "John Doe" },
    jsonLine: '{"cmd": "echo Hello $NAME", "env": {"NAME": "John Doe"}}',
  }),
  shellJob("echo héllo ✓ 😀"),
];

test("what lies on the queue are ai4s-jobq's texts, under its ids", async () => {
  const place = await Place.make();
  const ids = await place.queue.enqueue(PUSHED, { concurrency: 1 });
  const expected = vectors.slice(0, PUSHED.length);
  assertEquals(ids, expected.map(({ id }) => id));
  assertEquals(await place.texts(), expected.map(({ wire }) => wire));
});

test("a message never expires, on the queue and among the dead letters", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("a"), shellJob("b")]);
  await (await place.next()).deadLetter(FAILURE);
  for (const client of [place.messages, place.failed]) {
    const { peekedMessageItems: [item] } = await client.peekMessages();
    assertEquals(item?.expiresOn.getUTCFullYear(), 9999);
  }
});

test("a retry is the same message with one retry less, and all else as it was", async () => {
  const place = await Place.make();
  const text = taskText({ cmd: "false" }, { num_retries: 3, id: "a", "b": [1, null], error: "old" });
  await place.put(text);
  const { peekedMessageItems: [before] } = await place.messages.peekMessages();
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  const { peekedMessageItems: [after] } = await place.messages.peekMessages();
  assertEquals(after?.messageId, before?.messageId);
  const changed = text.replace('"num_retries": 3', '"num_retries": 2');
  assertEquals(after?.messageText, changed.replace(/}$/, ', "attempts": 1, "deliveries": 1}'));
});

test("a retry comes back after its delay", async () => {
  const place = await Place.make();
  await place.put(taskText(undefined, { num_retries: 3 }));
  await (await place.next()).retry({ delayMs: 60_000, failure: FAILURE });
  assertEquals([await place.texts(), await place.count()], [[], 1]);
});

test("a release uses no retry and no attempt", async () => {
  const place = await Place.make();
  await place.put(taskText(undefined, { num_retries: 3 }));
  await (await place.next()).release();
  const { job } = await place.next();
  assertEquals([job.attempts, job.maxAttempts, job.executions], [0, 4, 2]);
});

test("attempts are counted over retries, and the last one among the dead letters", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("false", { maxAttempts: 3 })]);
  for (const attempts of [0, 1]) {
    const lease = await place.next();
    assertEquals([lease.job.attempts, lease.job.maxAttempts], [attempts, 3]);
    await lease.retry({ delayMs: 0, failure: FAILURE });
  }
  const last = await place.next();
  assertEquals([last.job.attempts, last.job.maxAttempts], [2, 3]);
  await last.deadLetter(FAILURE);
  const { attempts, num_retries, deliveries } = await place.onlyFailed();
  assertEquals([attempts, num_retries, deliveries], [3, 0, undefined]);
});

test("a dead letter is the task with the reason, beside its own keys", async () => {
  const place = await Place.make();
  const text = taskText({ cmd: "false" }, { unknown: "kept" });
  await place.put(text);
  await (await place.next()).deadLetter(FAILURE);
  const [failed = ""] = await place.failedTexts();
  assertEquals(
    failed,
    `${text.slice(0, -1)}, "error": "exited with code 3", "failed_at": "2023-11-14T22:13:20.000Z", ` +
      `"worker_id": "w1", "exit_code": 3, "output": "last words", "attempts": 1}`,
  );
  assertEquals(await place.count(), 0);
});

test("what jobq knows beyond a task comes back with the job", async () => {
  const place = await Place.make();
  const pushed = shellJob("true", { name: "n", cwd: "/tmp", retryDelayMs: 5, timeoutMs: 70_000 });
  await place.queue.enqueue([pushed]);
  const { job: { name, cwd, retryDelayMs, timeoutMs } } = await place.next();
  assertEquals({ name, cwd, retryDelayMs, timeoutMs }, {
    name: "n",
    cwd: "/tmp",
    retryDelayMs: 5,
    timeoutMs: 70_000,
  });
});

test("a program with its arguments is a command line for others, and itself for jobq", async () => {
  const place = await Place.make();
  const argv = ["printf", "%s\n", "it's", "", "$HOME"];
  await place.queue.enqueue([{ task: { kind: "argv", argv } }]);
  const { cmd } = JSON.parse(JSON.parse(await place.onlyText()).kwargs);
  assertEquals(cmd, `printf '%s\n' 'it'\\''s' '' '$HOME'`);
  assertEquals((await place.next()).job.task, { kind: "argv", argv });
});

test("a function is a command that says so for others, and itself for jobq", async () => {
  const place = await Place.make();
  const task = { kind: "function", name: "train", payload: { "2": 1, lr: 1e-5, "1": [null, "é"] } } as const;
  await place.queue.enqueue([{ task }]);
  const { cmd } = JSON.parse(JSON.parse(await place.onlyText()).kwargs);
  const shown = await new Deno.Command("sh", { args: ["-c", cmd], stderr: "piped" }).output();
  assertEquals(shown.code, 1);
  assertMatch(new TextDecoder().decode(shown.stderr), /this job is the function train, not a command/);
  assertEquals((await place.next()).job.task, task);
});

test("a random id is taken where the environment asks for one", async () => {
  const place = await Place.make({ env: (name) => name === "JOBQ_DETERMINISTIC_IDS" ? "0" : undefined });
  const ids = await place.queue.enqueue([shellJob(), shellJob()]);
  for (const id of ids) assertMatch(id, /^[0-9a-f]{32}$/);
  assert(ids[0] !== ids[1]);
});

const TASKS: Readonly<Record<string, { text: string; id?: string; maxAttempts: number }>> = {
  "has version 0": {
    text: '{"version": 0, "kwargs": "{\\"cmd\\": \\"x\\"}", "num_retries": 2, "id": "a"}',
    id: "a",
    maxAttempts: 3,
  },
  "has version 2 and no gate": {
    text: taskText({ cmd: "x" }, { version: 2, id: "a" }),
    id: "a",
    maxAttempts: 1,
  },
  "names neither version, id nor retries": { text: '{"kwargs": "{\\"cmd\\": \\"x\\"}"}', maxAttempts: 6 },
  "has less than no retries": { text: taskText({ cmd: "x" }, { num_retries: -3 }), maxAttempts: 1 },
};
for (const [what, { text, id, maxAttempts }] of Object.entries(TASKS)) {
  test(`a task is run that ${what}`, async () => {
    const place = await Place.make();
    await place.put(text);
    const { job } = await place.next();
    assertEquals([commandOf(job), job.maxAttempts], ["x", maxAttempts]);
    if (id !== undefined) assertEquals(job.id, id);
  });
}
