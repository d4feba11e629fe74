import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { commandOf, FAILURE } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

/** A task of the Python tool that leaves no room in its message. */
function fullText(numRetries: number): string {
  const rest = taskText({ cmd: "" }, { num_retries: numRetries }).length;
  return taskText({ cmd: "x".repeat(65_536 - rest) }, { num_retries: numRetries });
}

/** One of others, which grows over the limit when Python's JSON is made of it. */
const GROWING = taskText({ cmd: `: ${"é".repeat(20_000)}` }, { num_retries: 3 });

test("a full message is retried without growing", async () => {
  const place = await Place.make();
  await place.put(fullText(10));
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  const text = await place.onlyText();
  // 10 became 9.
  assertEquals([text.length, JSON.parse(text).num_retries], [65_535, 9]);
  assertEquals((await place.next()).job.maxAttempts, 10);
});

test("a full message is released as it is", async () => {
  const place = await Place.make();
  await place.put(fullText(3));
  await (await place.next()).release();
  assertEquals(await place.onlyText(), fullText(3));
});

test("a full message that was lost before is leased all the same", async () => {
  const place = await Place.make();
  await place.put(fullText(3));
  const { messageId, popReceipt } = await place.receive();
  await place.messages.updateMessage(messageId, popReceipt, undefined, 0);
  const lease = await place.next({ leaseMs: 1_000 });
  assertEquals(lease.job.executions, 2);
  await waitUntil(async () => (await place.texts()).length === 1);
  assertEquals(await place.onlyText(), fullText(3));
});

test("a full message becomes a dead letter without a reason, and is requeued as it was", async () => {
  const place = await Place.make();
  await place.put(fullText(0));
  await (await place.next()).deadLetter(FAILURE);
  assertEquals([await place.failedTexts(), await place.count()], [[fullText(0)], 0]);
  assertEquals(await place.queue.deadLetters.requeue("all"), 1);
  assertEquals(await place.onlyText(), fullText(0));
});

test("of a dead letter's reason as much is kept as has room", async () => {
  const place = await Place.make();
  const text = fullText(0);
  await place.put(text.replace("x".repeat(1_000), ""));
  await (await place.next()).deadLetter({
    ...FAILURE,
    message: "m".repeat(2_000),
    output: "o".repeat(2_000),
  });
  const { error, output, exit_code } = await place.onlyFailed();
  assertEquals([error, output, exit_code], ["m".repeat(256), "o".repeat(256), 3]);
});

test("a message of others that would grow is leased, and released as it is", async () => {
  const place = await Place.make();
  await place.put(GROWING);
  const lease = await place.next();
  assertMatch(commandOf(lease.job), /^: é+$/);
  await lease.release();
  assertEquals(await place.onlyText(), GROWING);
});

test("a message of others that would grow with a retry becomes a dead letter instead", async () => {
  const place = await Place.make();
  await place.put(GROWING);
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  assertEquals([await place.failedTexts(), await place.count()], [[GROWING], 0]);
  assert(place.logged.some((line) => /^warn: .*no room for the count of its retries$/.test(line)));
});
