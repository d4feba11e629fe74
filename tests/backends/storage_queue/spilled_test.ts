import { UnsupportedError, UsageError } from "../../../src/core/errors.ts";
import type { NewJob } from "../../../src/core/job.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { connectionString } from "../../support/azurite.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { encodeJobMessage } from "../../../src/core/wire/job_message.ts";
import { md5 } from "../../core/wire/md5.ts";
import { Place } from "./place.ts";
import { putBack } from "./python_tool.ts";

/** A job that is larger than a message, and no other test's. */
function largeJob(more: Omit<NewJob, "task"> = {}): NewJob {
  return shellJob(`: ${crypto.randomUUID()} ${"x".repeat(70_000)}`, more);
}

async function blobExists(place: Place, name: string | undefined): Promise<boolean> {
  return await place.payloads.getBlobClient(name ?? "").exists();
}

const LARGE: Readonly<Record<string, NewJob>> = {
  "a command of 70 KB": largeJob({ name: "n", maxAttempts: 3 }),
  "an env of 70 KB": shellJob("true", { env: { A: crypto.randomUUID(), B: "é".repeat(35_000) } }),
  "a program with arguments of 70 KB": {
    task: { kind: "argv", argv: ["echo", crypto.randomUUID(), "y".repeat(70_000)] },
  },
  "a function with a payload of 900 KB": {
    task: { kind: "function", name: "f", payload: [crypto.randomUUID(), "z".repeat(900_000)] },
  },
};
for (const [what, job] of Object.entries(LARGE)) {
  test(`${what} goes to a blob under its id and comes back whole`, async () => {
    const place = await Place.make();
    const [id] = await place.queue.enqueue([job]);
    const text = await place.onlyText();
    assert(text.length < 1_000);
    const { payload, num_retries, kwargs } = JSON.parse(text);
    assertEquals([payload, num_retries], [`jobq-payloads/${id}`, (job.maxAttempts ?? 1) - 1]);
    assertEquals(Object.keys(JSON.parse(kwargs)), ["cmd", "bg_dirsync_to", "env"]);
    const lease = await place.next();
    assertEquals([lease.job.id, lease.job.task, lease.job.env], [id, job.task, job.env ?? {}]);
    assertEquals([lease.job.name, lease.job.maxAttempts], [job.name, job.maxAttempts ?? 1]);
    await lease.ack();
    assertEquals([await place.count(), await blobExists(place, id)], [0, false]);
  });
}

test("the id of a job that goes to a blob is that of the job", async () => {
  const place = await Place.make();
  const job = largeJob();
  const [id] = await place.queue.enqueue([job]);
  const bytes = await place.payloads.getBlobClient(id ?? "").downloadToBuffer();
  const payload = JSON.parse(new TextDecoder().decode(bytes));
  assertEquals(payload.id, id);
  assertEquals(JSON.parse(payload.kwargs).cmd, job.task.kind === "shell" ? job.task.command : undefined);
});

test("on a Python worker a job that lies in a blob fails with the reason", async () => {
  const place = await Place.make();
  const [id] = await place.queue.enqueue([largeJob()]);
  const { cmd } = JSON.parse(JSON.parse(await place.onlyText()).kwargs);
  const { code, stderr } = await new Deno.Command("sh", { args: ["-c", cmd], stderr: "piped" }).output();
  assertEquals(
    [code, new TextDecoder().decode(stderr)],
    [
      1,
      `jobq: this job is too large for a message and lies in the blob jobq-payloads/${id}: only a worker of jobq can run it\n`,
    ],
  );
});

test("a job in a blob that a Python worker put back is run, and its blob removed", async () => {
  const place = await Place.make();
  const job = largeJob({ name: "n", maxAttempts: 3 });
  const [id] = await place.queue.enqueue([job]);
  const { messageId, popReceipt, messageText } = await place.receive();
  await place.messages.updateMessage(messageId, popReceipt, putBack(messageText), 0);
  assertEquals(JSON.parse(await place.onlyText()).payload, undefined);
  const lease = await place.next();
  assertEquals([lease.job.id, lease.job.task, lease.job.name], [id, job.task, "n"]);
  // The retries that are left are those of the message.
  assertEquals([lease.job.attempts, lease.job.maxAttempts], [0, 2]);
  await lease.ack();
  assertEquals(await blobExists(place, id), false);
});

test("the payload stays over a release, a retry, a dead letter and its requeue", async () => {
  const place = await Place.make();
  const job = largeJob({ maxAttempts: 3 });
  const [id] = await place.queue.enqueue([job]);
  await (await place.next()).release();
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  const again = await place.next();
  assertEquals([again.job.attempts, again.job.maxAttempts, again.job.task], [1, 3, job.task]);
  await again.deadLetter(FAILURE);
  assertEquals(await blobExists(place, id), true);
  assertEquals(await place.queue.deadLetters.requeue([id ?? ""]), 1);
  const last = await place.next();
  assertEquals([last.job.attempts, last.job.maxAttempts, last.job.task], [0, 3, job.task]);
  await last.ack();
  assertEquals(await blobExists(place, id), false);
});

test("the payload is removed when its dead letter is purged", async () => {
  const place = await Place.make();
  const [id] = await place.queue.enqueue([largeJob()]);
  await (await place.next()).deadLetter(FAILURE);
  assertEquals(await place.queue.deadLetters.purge("all"), 1);
  assertEquals(await blobExists(place, id), false);
});

test("the payloads of waiting jobs are removed when the queue is purged, those of running ones are not", async () => {
  const place = await Place.make();
  const [running] = await place.queue.enqueue([largeJob()]);
  const lease = await place.next();
  const [waiting] = await place.queue.enqueue([largeJob()]);
  assertEquals(await place.queue.purge(), 1);
  assertEquals([await blobExists(place, waiting), await blobExists(place, running)], [false, true]);
  await lease.ack();
});

test("the same job twice has two payloads, and the first that is done leaves the other's", async () => {
  const place = await Place.make();
  const job = largeJob();
  const ids = await place.queue.enqueue([job, job], { concurrency: 1 });
  assertEquals(ids[0], ids[1]);
  const names = (await place.texts()).map((text) => JSON.parse(text).payload);
  assertEquals(names[0], `jobq-payloads/${ids[0]}`);
  assertMatch(names[1], new RegExp(`^jobq-payloads/${ids[0]}\\.[a-z0-9]{10}$`));
  await (await place.next()).ack();
  const second = await place.next();
  assertEquals(second.job.task, job.task);
  await second.ack();
  for (const name of names) assertEquals(await blobExists(place, name.split("/")[1]), false);
});

test("a second push of the same job that a Python worker put back still finds its own payload", async () => {
  const place = await Place.make();
  const job = largeJob({ maxAttempts: 2 });
  await place.queue.enqueue([job, job], { concurrency: 1 });
  await (await place.next()).ack();
  const { messageId, popReceipt, messageText } = await place.receive();
  await place.messages.updateMessage(messageId, popReceipt, putBack(messageText), 0);
  assertEquals((await place.next()).job.task, job.task);
});

test("a job just under a message's size stays in its message, with room for what is noted there", async () => {
  const place = await Place.make();
  const jobOf = (length: number) => shellJob("x".repeat(length), { maxAttempts: 50 });
  const { text } = encodeJobMessage(jobOf(0), { md5 });
  await place.queue.enqueue([jobOf(65_024 - text.length), jobOf(65_025 - text.length)], { concurrency: 1 });
  const lengths = (await place.texts()).map((each) => each.length);
  assertEquals([lengths[0], Number(lengths[1]) < 1_000], [65_024, true]);
});

test("a job as large as jobq makes messages has room for what is noted there", async () => {
  const place = await Place.make();
  const jobOf = (length: number) => shellJob("x".repeat(length), { maxAttempts: 50 });
  const { text } = encodeJobMessage(jobOf(0), { md5 });
  await place.queue.enqueue([jobOf(65_024 - text.length)]);
  for (let i = 0; i < 49; i++) await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  const lease = await place.next();
  assertEquals([lease.job.attempts, lease.job.maxAttempts, lease.job.executions], [49, 50, 50]);
  const output = "o".repeat(10_000);
  await lease.deadLetter({ ...FAILURE, output });
  const { error, output: kept, attempts } = await place.onlyFailed();
  assertEquals([error, kept, attempts], [FAILURE.message, output.slice(-256), 50]);
});

test("with spill: false a large job is refused before anything is sent", async () => {
  const place = await Place.make({ azure: { spill: false } });
  const error = await assertRejects(place.queue.enqueue([shellJob(), largeJob()]), UsageError);
  assertMatch(error.message, /^the job has 70\d\d\d bytes, and fits into a message up to 65024$/);
  assertMatch(error.hint ?? "", /--no-spill/);
  assertEquals(await place.messages.exists(), false);
});

test("with spill: false a job that others put into a blob is run", async () => {
  const place = await Place.make();
  const job = largeJob();
  await place.queue.enqueue([job]);
  const other = await place.opened({ azure: { spill: false } });
  assertEquals((await other.next()).job.task, job.task);
});

test("where no blob service is known, a large job is refused before anything is sent", async () => {
  const through = (await connectionString()).replace(/BlobEndpoint=[^;]*;/, "");
  const place = await Place.make({ through });
  const error = await assertRejects(place.queue.enqueue([shellJob(), largeJob()]), UnsupportedError);
  assertMatch(error.message, /where the account's blob service is, is not known$/);
  assertEquals(await place.messages.exists(), false);
});

test("where no blob service is known, a job in a blob is left to other workers", async () => {
  const place = await Place.make();
  const job = largeJob();
  await place.queue.enqueue([job]);
  const through = (await connectionString()).replace(/BlobEndpoint=[^;]*;/, "");
  const other = await place.opened({ through });
  const error = await assertRejects(other.maybeNext(), UnsupportedError);
  assertMatch(error.message, /^Cannot reach the payloads of "devstoreaccount1\/test-/);
  assertEquals([await place.count(), await place.failedTexts()], [1, []]);
});
