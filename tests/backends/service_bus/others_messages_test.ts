import { Buffer } from "node:buffer";
import type { ServiceBusMessage } from "@azure/service-bus";
import { silentLogger } from "../../../src/log/logger.ts";
import { Worker } from "../../../src/worker/worker.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { commandOf, FAILURE } from "../../support/jobs.ts";
import { ScriptedRunner } from "../../support/scripted_runner.ts";
import { types } from "../../support/service_bus_broker/codec.ts";
import { test } from "../../support/testing.ts";
import { taskText } from "../storage_queue/python_tool.ts";
import { Place } from "./place.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
/** A message with a body of another kind than the SDK's own; it takes the kind along, though its type does not say so. */
const withBody = (body: unknown, bodyType: "value" | "sequence" | "data") =>
  ({ body, bodyType }) as ServiceBusMessage;

interface Other {
  readonly message: ServiceBusMessage;
  readonly reason: RegExp;
  /** The id by which people can name it, where it says one itself. */
  readonly id?: string;
}

const POISON: Readonly<Record<string, Other>> = {
  "text that is not JSON": {
    message: { body: bytes("hello") },
    reason: /^the message is no job: it is not JSON/,
  },
  "an empty body": { message: { body: bytes("") }, reason: /^the message is no job: it is not JSON/ },
  "what the SDK makes of a text": {
    message: { body: "hello" },
    reason: /^the message is no job: it is not a JSON obj/,
  },
  "what the SDK makes of nothing": {
    message: { body: undefined },
    reason: /^the message is no job: it is not a JSON/,
  },
  "bytes that are not UTF-8": {
    message: { body: new Uint8Array([0xff, 0xfe, 0x00]) },
    reason: /^the message is no job: its body is not UTF-8/,
  },
  "JSON that is no object": {
    message: { body: bytes("[1, 2]") },
    reason: /^the message is no job: it is not a JSON object/,
  },
  "an object of another shape": {
    message: { body: bytes('{"text": "hello"}') },
    reason: /^the message is no job: "kwargs"/,
  },
  "a value that is a text and no JSON": { message: withBody("hello", "value"), reason: /it is not JSON/ },
  "a value that is a map": { message: withBody({ a: 1 }, "value"), reason: /its body is no text/ },
  "a value that is a number": { message: withBody(42, "value"), reason: /its body is no text/ },
  "a value that is null": { message: withBody(null, "value"), reason: /its body is no text/ },
  "a value that is a truth": { message: withBody(true, "value"), reason: /its body is no text/ },
  "a sequence": { message: withBody([1, "a"], "sequence"), reason: /its body is no text/ },
  "a number as its message id": {
    message: { body: bytes("hello"), messageId: 42 },
    reason: /^the message is no job: it is not JSON/,
  },
  "an unknown version": {
    message: { body: bytes(taskText({}, { version: 3 })) },
    reason: /its version is 3/,
  },
  "kwargs of other work": {
    message: { body: bytes(taskText({ cmd: "x", callback: "y" })) },
    reason: /a key other than cmd, env, cwd and bg_dirsync_to/,
    id: "id-1",
  },
  "a command that no program can have": {
    message: { body: bytes(taskText({ cmd: "a\0b" })) },
    reason: /no program can be started/,
    id: "id-1",
  },
  "200 KB of garbage": { message: { body: bytes("x".repeat(200_000)) }, reason: /it is not JSON/ },
};

for (const [what, { message, reason, id }] of Object.entries(POISON)) {
  test(`${what} goes to the dead letters with the reason, and the next job is leased`, async () => {
    await using place = await Place.make();
    await place.send(message);
    await place.put(taskText({ cmd: "innocent" }, { id: "next" }));
    const lease = await place.next({ workerId: "w7" });
    assertEquals(commandOf(lease.job), "innocent");
    await lease.ack();
    assertEquals(place.view.all, []);
    const { deadLetterReason = "", deadLetterErrorDescription = "", applicationProperties } = place.onlyDead;
    assertMatch(deadLetterReason, reason);
    assertMatch(deadLetterErrorDescription, /w7/);
    assertEquals(applicationProperties["jobq-reason"], "poison");
    const [letter] = await place.queue.deadLetters.list();
    assertEquals([letter?.failure.kind, letter?.failure.workerId], ["poison", "w7"]);
    assertMatch(letter?.failure.message ?? "", reason);
    if (id !== undefined) assertEquals(letter?.job.id, id);
    assert(place.logged.some((line) => /^warn: .* goes to the dead letters: /.test(line)));
  });

  test(`${what} is shown by peek, and requeued as the very message that it was`, async () => {
    await using place = await Place.make();
    await place.send(message);
    const [before] = place.view.all;
    const [shown] = await place.queue.peek(10);
    assert(shown !== undefined);
    if (id !== undefined) assertEquals(shown.id, id);
    assertEquals(await place.maybeNext(), undefined);
    const letters = await place.queue.deadLetters.list();
    assertEquals(await place.queue.deadLetters.requeue(letters.map(({ job }) => job.id)), 1);
    assertEquals([place.view.dead.length, place.view.all.length], [0, 1]);
    assertEquals(place.view.all[0]?.body, before?.body);
    // It is as it was also for who reads it: the same poison.
    assertEquals(await place.maybeNext(), undefined);
    assertMatch(place.onlyDead.deadLetterReason ?? "", reason);
  });
}

test("poison says what it is, and nothing of its content is logged", async () => {
  await using place = await Place.make();
  await place.put("secret-text", taskText({ cmd: "secret-command", extra: "secret-value" }));
  await place.maybeNext();
  const warnings = place.logged.filter((line) => /goes to the dead letters/.test(line));
  assertEquals(warnings.length, 2);
  for (const line of place.logged) assert(!line.includes("secret"), line);
});

test("forty poisoned messages before a job do not keep it", async () => {
  await using place = await Place.make();
  await place.put(...Array.from({ length: 40 }, (_, i) => `garbage ${i}`), taskText({ cmd: "innocent" }));
  let lease;
  while (lease === undefined) {
    [lease] = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 5_000, max: 8 });
  }
  assertEquals(commandOf(lease.job), "innocent");
  assertEquals((await place.queue.counts()).failed, 40);
});

test("poison is removed by the id under which it is listed, where it has none of its own", async () => {
  await using place = await Place.make();
  await place.send({ body: bytes("one"), messageId: "m-1" }, { body: bytes("two"), messageId: "m-2" });
  await place.maybeNext();
  assertEquals((await place.queue.deadLetters.list()).map(({ job }) => job.id).toSorted(), ["m-1", "m-2"]);
  assertEquals(await place.queue.deadLetters.purge(["m-1"]), 1);
  assertEquals(place.onlyDead.body, "two");
});

/** Bodies in which a job may come. */
const CARRIERS: Readonly<Record<string, (text: string) => ServiceBusMessage>> = {
  "bytes, as jobq and the Python tool send them": (text) => ({ body: bytes(text) }),
  "a value that is a text": (text) => withBody(text, "value"),
  "an object, as the SDK sends it": (text) => ({ body: JSON.parse(text) }),
  "bytes with a content type, a subject and properties of their own": (text) => ({
    body: bytes(text),
    contentType: "application/json",
    subject: "a job",
    applicationProperties: { mine: 1 },
  }),
};

for (const [what, messageOf] of Object.entries(CARRIERS)) {
  const text = taskText({ cmd: "the job" }, { num_retries: 5, id: "job" });

  test(`a job in ${what} is leased, shown and retried at once`, async () => {
    await using place = await Place.make();
    await place.send(messageOf(text));
    assertEquals((await place.queue.peek(1)).map(commandOf), ["the job"]);
    const lease = await place.next();
    assertEquals([lease.job.id, commandOf(lease.job), lease.job.maxAttempts], ["job", "the job", 6]);
    await lease.retry({ delayMs: 0, failure: FAILURE });
    assertEquals((await place.next()).job.attempts, 1);
  });

  test(`a job in ${what} is retried later as the very job that it was`, async () => {
    await using place = await Place.make();
    await place.send(messageOf(text));
    const [before] = place.view.all;
    await (await place.next()).retry({ delayMs: 1, failure: FAILURE });
    const lease = await place.next();
    assertEquals([lease.job.id, commandOf(lease.job), lease.job.attempts], ["job", "the job", 1]);
    assertEquals(place.view.all[0]?.body, before?.body);
    await lease.ack();
    assertEquals([place.view.all, place.view.dead], [[], []]);
  });

  test(`a job in ${what} comes back from the dead letters as the very job that it was`, async () => {
    await using place = await Place.make();
    await place.send(messageOf(text));
    await (await place.next()).deadLetter(FAILURE);
    assertEquals(await place.queue.deadLetters.requeue(["job"]), 1);
    const lease = await place.next();
    assertEquals([lease.job.id, commandOf(lease.job), lease.job.attempts], ["job", "the job", 0]);
  });
}

const ID_LIMIT = 128;
const IDS: Readonly<Record<string, string>> = {
  "of 10,000 characters": "i".repeat(10_000),
  "with spaces, quotes and new lines": "a \"b\" 'c'\n\t/../$",
  "beyond ASCII": "jöb-☃-𝒳",
  "that is a number": "42",
  "that looks like one of ours": "0".repeat(32),
};

for (const [what, id] of Object.entries(IDS)) {
  test(`a job with an id ${what} goes its whole way under it`, async () => {
    await using place = await Place.make();
    await place.put(taskText({ cmd: "true" }, { num_retries: 5, id }));
    const lease = await place.next();
    assertEquals(lease.job.id, id);
    await lease.retry({ delayMs: 1, failure: FAILURE });
    await (await place.next()).deadLetter(FAILURE);
    assertEquals((await place.queue.deadLetters.list()).map(({ job }) => job.id), [id]);
    assertEquals(await place.queue.deadLetters.requeue([id]), 1);
    await (await place.next()).ack();
    for (const { messageId } of place.view.all) assert(messageId.length <= ID_LIMIT);
    assertEquals([place.view.all, place.view.dead], [[], []]);
  });
}

type Value = NonNullable<ServiceBusMessage["applicationProperties"]>[string];
/** Of a kind that the SDK takes along, though its types do not say so. */
const typed = (value: unknown) => value as Value;

const HOSTILE: Readonly<Record<string, Value>> = {
  "a text": "x",
  "a negative number": -1,
  "a fraction": 1.5,
  "more than is counted": 2 ** 60,
  "less than is counted": typed(types.wrap_long(-(2 ** 60))),
  "bytes": typed(Buffer.from([1, 2])),
  "no number": NaN,
  "without end": -Infinity,
  "a truth": true,
  "a date": new Date(0),
  "nothing": null,
};

for (const key of ["jobq-attempts", "jobq-executions", "jobq-deliveries", "jobq-lost"]) {
  test(`a ${key} that is no count is taken as none`, async () => {
    await using place = await Place.make();
    for (const [what, value] of Object.entries(HOSTILE)) {
      await place.send({
        body: bytes(taskText({ cmd: what }, { num_retries: 3, id: what })),
        applicationProperties: { [key]: value },
      });
      assertEquals((await place.queue.peek(1))[0]?.attempts, 0, what);
      const lease = await place.next();
      assertEquals([commandOf(lease.job), lease.job.attempts, lease.job.executions], [what, 0, 1]);
      await lease.retry({ delayMs: 0, failure: FAILURE });
      const again = await place.next();
      assertEquals([again.job.attempts, again.job.executions], [1, 2], what);
      await again.ack();
    }
    assertEquals([place.view.all, place.view.dead], [[], []]);
  });
}

test("attempts beyond all counting do not keep a job from its end", async () => {
  await using place = await Place.make();
  await place.send({
    body: bytes(taskText({ cmd: "x" }, { num_retries: 3, id: "x" })),
    applicationProperties: { "jobq-attempts": Number.MAX_SAFE_INTEGER },
  });
  const lease = await place.next();
  await lease.deadLetter(FAILURE);
  assertEquals(place.view.dead.length, 1);
});

test("dead letters of others with hostile properties are listed as far as they can be", async () => {
  await using place = await Place.make();
  await place.put("garbage");
  const hostile = {
    "jobq-reason": "no such kind",
    "jobq-failed-at": "yesterday",
    "jobq-worker": 7,
    "jobq-exit-code": "x",
    "jobq-signal": 9,
    "jobq-attempts": "many",
  };
  await place.giveUp({ deadLetterReason: "", deadLetterErrorDescription: "", ...hostile });
  const [letter] = await place.queue.deadLetters.list();
  assertEquals(
    { ...letter?.failure, at: 0 },
    {
      kind: "failed",
      message: "the reason was not recorded",
      exitCode: undefined,
      signal: undefined,
      output: undefined,
      workerId: undefined,
      at: 0,
    },
  );
  assert(Math.abs((letter?.failure.at ?? 0) - Date.now()) < 60_000);
});

test("what others deferred is left alone, and is neither shown nor leased", async () => {
  await using place = await Place.make();
  await place.put(taskText({ cmd: "theirs" }, { id: "a" }), taskText({ cmd: "ours" }, { id: "b" }));
  await place.withReceiver(async (receiver, message) => await receiver.deferMessage(message));
  assertEquals((await place.queue.peek(10)).map(commandOf), ["ours"]);
  await (await place.next()).ack();
  assertEquals(await place.maybeNext(), undefined);
  assertEquals(place.view.deferred.length, 1);
});

test("a worker goes on past everything that others may have put there", async () => {
  await using place = await Place.make();
  for (const { message } of Object.values(POISON)) await place.send(message);
  await place.put(...["a", "b", "c"].map((cmd) => taskText({ cmd }, { id: cmd })));
  const runner = new ScriptedRunner(() => ({ kind: "succeeded" }));
  const worker = new Worker({ queue: place.queue, runner, log: silentLogger, slots: 3 });
  const { completed, failed, reason } = await worker.run();
  assertEquals([completed, failed, reason], [3, 0, "idle"]);
  assertEquals(runner.executions.map(({ job }) => commandOf(job)).toSorted(), ["a", "b", "c"]);
  assertEquals([place.view.all, place.view.dead.length], [[], Object.keys(POISON).length]);
});
