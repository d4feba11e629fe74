import { AccessDeniedError, BackendError, PartialPushError } from "../../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { flakyPlace, Place } from "./place.ts";
import { taskText } from "./python_tool.ts";

function largeJob() {
  return shellJob(`: ${crypto.randomUUID()} ${"x".repeat(70_000)}`, { maxAttempts: 3 });
}

test("a job whose payload is gone is a dead letter with the reason", async () => {
  const place = await Place.make();
  const [id] = await place.queue.enqueue([largeJob()]);
  await place.payloads.getBlobClient(id ?? "").delete();
  assertEquals(await place.maybeNext(), undefined);
  const { error, reason } = await place.onlyFailed();
  assertMatch(String(error), new RegExp(`^its payload, the blob jobq-payloads/${id}, is not there any more`));
  assertEquals(reason, "poison");
});

test("a job whose payload is garbage is a dead letter with the reason", async () => {
  const place = await Place.make();
  const [id] = await place.queue.enqueue([largeJob()]);
  await place.payloads.getBlockBlobClient(id ?? "").upload("garbage", 7);
  assertEquals(await place.maybeNext(), undefined);
  assertMatch(
    String((await place.onlyFailed()).error),
    /^its payload, the blob jobq-payloads\/\w+, holds no job: it is/,
  );
});

test("a message that names a payload nobody made is a dead letter", async () => {
  const place = await Place.make();
  await place.put(taskText({ cmd: "x" }, { payload: `jobq-payloads/${crypto.randomUUID()}` }));
  assertEquals(await place.maybeNext(), undefined);
  assertEquals((await place.onlyFailed()).reason, "poison");
});

test("a top-level key of others that has the reference's name changes nothing", async () => {
  const place = await Place.make();
  await place.put(
    taskText({ cmd: "x" }, { payload: { theirs: true } }),
    taskText({ cmd: "y" }, { payload: "their/blob" }),
  );
  const leases = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 2 });
  assertEquals(leases.map(({ job }) => job.task), [{ kind: "shell", command: "x" }, {
    kind: "shell",
    command: "y",
  }]);
});

test("while the blob service is down, a job in a blob stays on the queue, and its worker is not lost", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  const job = largeJob();
  await place.queue.enqueue([job]);
  proxy.fault({ kind: "answer", status: 503, code: "ServerBusy" }, { service: "blob", times: 1_000 });
  const before = Date.now();
  const error = await assertRejects(place.maybeNext({ leaseMs: 1_500 }), BackendError);
  assertMatch(
    error.message,
    /^Cannot read a payload of "devstoreaccount1\/test-[^"]*": the service is busy$/,
  );
  assert(error.transient);
  // Not longer than a third of the lease, in which nobody renews it.
  assertBetween(Date.now() - before, 0, 1_000);
  proxy.heal();
  const lease = await place.next({ waitMs: 20_000 });
  assertEquals([lease.job.task, lease.job.executions], [job.task, 2]);
  await lease.release();
  assertEquals(JSON.parse(await place.onlyText()).lost, undefined);
});

test("while the blob service is down, jobs that came with one in a blob are leased", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await place.queue.enqueue([largeJob(), shellJob("small")]);
  proxy.fault({ kind: "cut" }, { service: "blob", times: 1_000 });
  const leases = await place.queue.leaseMany({ leaseMs: 60_000, waitMs: 0, max: 2 });
  assertEquals(leases.map(({ job }) => job.task), [{ kind: "shell", command: "small" }]);
  assert(place.logged.some((line) => /^warn: a job could not be taken: Cannot read a payload of/.test(line)));
});

test("a push whose payload cannot be kept sends no message", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await place.put();
  proxy.fault({ kind: "answer", status: 503 }, { service: "blob", times: 1_000 });
  await assertRejects(place.queue.enqueue([largeJob()]), BackendError);
  proxy.heal();
  proxy.fault({ kind: "answer", status: 403, code: "AuthorizationPermissionMismatch" }, { service: "blob" });
  const error = await assertRejects(place.queue.enqueue([largeJob()]), AccessDeniedError);
  assertMatch(error.hint ?? "", /Storage Blob Data Contributor/);
  assertEquals(await place.texts(), []);
});

test("a push whose message is refused takes its payload away again", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put();
  proxy.fault({ kind: "answer", status: 403, code: "AuthorizationFailure" }, {
    service: "queue",
    method: "POST",
  });
  await assertRejects(place.queue.enqueue([largeJob()]), AccessDeniedError);
  const [upload] = proxy.requests.filter(({ service, method }) => service === "blob" && method === "PUT");
  const [, blob = ""] = /jobq-payloads\/([^?]+)/.exec(upload?.path ?? "") ?? [];
  assertMatch(blob, /^[0-9a-f]{32}$/);
  assertEquals(await place.payloads.getBlobClient(blob).exists(), false);
});

test("a push whose message may be there leaves its payload", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await place.put();
  const job = largeJob();
  proxy.fault({ kind: "cut" }, { service: "queue", method: "POST", when: "after", times: 1_000 });
  await assertRejects(place.queue.enqueue([job]), BackendError);
  proxy.heal();
  assertEquals((await place.next()).job.task, job.task);
});

test("a push that is aborted does not wait for its payload", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put();
  proxy.fault({ kind: "delay", ms: 60_000 }, { service: "blob", times: 1_000 });
  const stop = new AbortController();
  const pushing = place.queue.enqueue([largeJob(), shellJob()], { signal: stop.signal });
  await waitUntil(() => proxy.requests.some(({ service }) => service === "blob"));
  const before = Date.now();
  stop.abort("done");
  const error = await assertRejects(pushing, PartialPushError);
  assertBetween(Date.now() - before, 0, 1_000);
  assertEquals(error.ids[0], undefined);
});

test("a payload that cannot be removed is said, and its job is done all the same", async () => {
  await using flaky = await flakyPlace({ patienceMs: 2_000 });
  const { place, proxy } = flaky;
  await place.queue.enqueue([largeJob()]);
  const lease = await place.next();
  proxy.fault({ kind: "answer", status: 403, code: "AuthorizationFailure" }, { service: "blob", times: 10 });
  await lease.ack();
  assertEquals(await place.count(), 0);
  assert(
    place.logged.some((line) => line.startsWith(`warn: the payload of job ${lease.job.id} stays behind:`)),
  );
});

test("the payload of a job that another worker took over is left to that one", async () => {
  const place = await Place.make();
  const [id] = await place.queue.enqueue([largeJob()]);
  const late = await place.next({ leaseMs: 1_000 });
  await waitUntil(async () => (await place.texts()).length === 1);
  const lease = await place.next();
  await assertRejects(late.ack(), Error);
  assertEquals(await place.payloads.getBlobClient(id ?? "").exists(), true);
  await lease.deadLetter(FAILURE);
  await place.queue.deadLetters.purge("all");
});
