import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { commandOf } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

const MAX_BYTES = 65_536;

/** A task whose message is exactly this long. */
function taskOfLength(length: number, kwargs: (filler: string) => Record<string, unknown>): string {
  const text = taskText(kwargs(""));
  return taskText(kwargs("x".repeat(length - text.length)));
}

interface Poison {
  readonly text: string;
  readonly reason: RegExp;
  /** It is a task, with an id. */
  readonly isTask?: boolean;
}

const POISONS: Readonly<Record<string, Poison>> = {
  "text that is not JSON": { text: "hello", reason: /^the message is no job: it is not JSON/ },
  "an empty text": { text: "", reason: /^the message is no job: it is not JSON/ },
  "JSON that is no object": { text: "[1, 2]", reason: /^the message is no job: it is not a JSON object/ },
  "an object of another shape": { text: '{"text": "hello"}', reason: /^the message is no job: "kwargs"/ },
  "kwargs that are no JSON": {
    text: '{"version": 1, "kwargs": "{", "num_retries": 0, "id": "a"}',
    reason: /^the message is no job: "kwargs" is not JSON/,
  },
  "an unknown version": { text: taskText({}, { version: 3 }), reason: /its version is 3/ },
  "retries that are no number": { text: taskText({}, { num_retries: "x" }), reason: /"num_retries"/ },
  "kwargs of other work": {
    text: taskText({ cmd: "x", callback: "y" }),
    reason: /a key other than cmd, env, cwd and bg_dirsync_to/,
    isTask: true,
  },
  "no command": { text: taskText({}), reason: /no "cmd" text/, isTask: true },
  "an env that is no object": { text: taskText({ cmd: "x", env: [1] }), reason: /"env"/, isTask: true },
  "an env with a list in it": { text: taskText({ cmd: "x", env: { A: [] } }), reason: /"env"/, isTask: true },
  "a task as large as a message can be, which no worker can run": {
    text: taskOfLength(MAX_BYTES, (filler) => ({ cmd: "x", [filler || "k"]: 1 })).slice(0, MAX_BYTES),
    reason: /^the reason was not recorded$/,
    isTask: true,
  },
  "64 KiB of garbage": { text: "x".repeat(MAX_BYTES), reason: /^the reason was not recorded$/ },
  "64 KiB of garbage that is longer in XML": {
    text: "<&>".repeat(4_000) + '"'.repeat(MAX_BYTES - 52_000),
    reason: /^the reason was not recorded$/,
  },
};

for (const [what, { text, reason, isTask = false }] of Object.entries(POISONS)) {
  test(`${what} goes to the dead letters with the reason, and the next job is leased`, async () => {
    const place = await Place.make();
    await place.put(text, taskText({ cmd: "innocent" }));
    assertEquals(commandOf((await place.next()).job), "innocent");
    assertEquals([await place.texts(), await place.count()], [[], 1]);
    const [letter] = await place.queue.deadLetters.list();
    assertMatch(letter?.failure.message ?? "", reason);
    if (isTask) assertEquals(letter?.job.id, "id-1");
    assert(place.logged.some((line) => /^warn: .* goes to the dead letters: /.test(line)));
  });

  test(`${what} is requeued as the very text that it was`, async () => {
    const place = await Place.make();
    await place.put(text);
    assertEquals(await place.maybeNext(), undefined);
    assertEquals(await place.queue.deadLetters.requeue("all"), 1);
    assertEquals([await place.texts(), await place.failedTexts()], [[text], []]);
  });
}

test("poison says what it is, and nothing of its content is logged", async () => {
  const place = await Place.make();
  await place.put("secret-text", taskText({ cmd: "secret-command", extra: "secret-value" }));
  await place.maybeNext();
  assertEquals(place.logged.filter((line) => line.startsWith("warn: ")).length, 2);
  for (const line of place.logged) assert(!line.includes("secret"), line);
});

test("poison is removed by its id, also where it has none of its own", async () => {
  const place = await Place.make();
  await place.put("garbage", taskText({}, { id: "task" }), taskText({}, { id: "other" }));
  await place.maybeNext();
  const letters = await place.queue.deadLetters.list();
  const garbage = letters.find(({ job }) => commandOf(job) === "(not a job: garbage)");
  assertEquals(await place.queue.deadLetters.purge([garbage?.job.id ?? "", "task"]), 2);
  assertEquals((await place.queue.deadLetters.list()).map(({ job }) => job.id), ["other"]);
});

test("forty poisoned messages before a job do not keep it", async () => {
  const place = await Place.make();
  await place.put(...Array.from({ length: 40 }, (_, i) => `garbage ${i}`), taskText({ cmd: "innocent" }));
  const [lease] = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 8 });
  assertEquals(lease && commandOf(lease.job), "innocent");
  assertEquals((await place.queue.counts()).failed, 40);
});
