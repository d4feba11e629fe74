import { BackendError } from "../../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { BlobPlace, randomBytes } from "./blob_sync_place.ts";
import { assertKeepsSecrets } from "./no_secret.ts";

const MIB = 1024 * 1024;
const BLOCK = /comp=block(?:&|$)/;
const COMMIT = /comp=blocklist/;

test("requests that fail for a moment are sent again, and the file arrives whole", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const content = randomBytes(20 * MIB);
  const file = await place.file("a", content);
  place.proxy.fault({ kind: "answer", status: 503, code: "ServerBusy" }, { path: BLOCK });
  place.proxy.fault({ kind: "cut" }, { path: BLOCK, skip: 1 });
  place.proxy.fault({ kind: "answer", status: 500, code: "InternalError" }, { path: COMMIT });
  await destination.put(file);
  await place.assertHolds("out/run 1/a", content);
});

test("a commit whose answer is lost is done once more and succeeds", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const content = randomBytes(9 * MIB);
  const file = await place.file("a", content);
  place.proxy.fault({ kind: "cut" }, { path: COMMIT, when: "after" });
  await destination.put(file);
  await place.assertHolds("out/run 1/a", content);
  assertEquals(place.proxy.requests.filter(({ path }) => COMMIT.test(path)).length, 2);
});

test("a service that stops in the middle leaves the blob as it was, and the next put makes it new", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open(place.url(), { patienceMs: 3_000 });
  await destination.put(await place.file("a", "before"));
  const content = randomBytes(30 * MIB);
  const file = await place.file("a", content);
  place.proxy.fault({ kind: "delay", ms: 60_000 }, { path: BLOCK, skip: 2, times: 1_000 });
  const putting = assertRejects(destination.put(file), BackendError);
  await waitUntil(() => place.proxy.requests.some(({ path, status }) => BLOCK.test(path) && status === 201));
  await place.proxy.down();
  const error = await putting;
  assert(error.transient);
  assertMatch(error.message, /^Cannot copy "a" to "http:/);
  assertKeepsSecrets(error, [place.key]);
  assertEquals(await place.text("out/run 1/a"), "before");
  place.proxy.heal();
  await place.proxy.up();
  await using patient = await place.open();
  await patient.put(file);
  await place.assertHolds("out/run 1/a", content);
});

test("a service that comes back in time is not noticed", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const file = await place.file("a", randomBytes(9 * MIB));
  await place.proxy.down();
  const putting = destination.put(file);
  await place.proxy.up();
  await putting;
  assertEquals(await place.names(), ["out/run 1/a"]);
});

test("whoever looks while a file is put sees the old blob until the commit", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.put(await place.file("a", "before"));
  const content = randomBytes(20 * MIB);
  const file = await place.file("a", content);
  place.proxy.fault({ kind: "delay", ms: 300 }, { path: COMMIT });
  const putting = destination.put(file);
  await waitUntil(() => place.proxy.requests.some(({ path }) => COMMIT.test(path)));
  assertEquals(await place.text("out/run 1/a"), "before");
  await putting;
  await place.assertHolds("out/run 1/a", content);
});

test("of two that put the same name at the same time, the blob is one's, whole", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open(place.url());
  const contents = [randomBytes(17 * MIB), randomBytes(17 * MIB)];
  const files = await Promise.all(contents.map((content, index) => place.file(`${index}`, content)));
  const ends = await Promise.allSettled(files.map((file) => destination.put({ ...file, name: "a" })));
  const failed = ends.filter((end) => end.status === "rejected");
  assert(failed.length < 2);
  for (const { reason } of failed) assert(reason instanceof BackendError && reason.transient, String(reason));
  const done = await place.bytes("out/run 1/a");
  assert(contents.some((content) => content.every((byte, index) => byte === done[index])));
});

test("a put whose blocks another one took away is worth another try", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open(place.url(), { patienceMs: 60_000 });
  const file = await place.file("a", randomBytes(9 * MIB));
  place.proxy.fault({ kind: "answer", status: 400, code: "InvalidBlockList" }, { path: COMMIT });
  const error = await assertRejects(destination.put(file), BackendError);
  assertMatch(error.message, /: somebody else wrote a blob of that name at the same time$/);
  assert(error.transient);
  assertEquals(place.proxy.requests.filter(({ path }) => COMMIT.test(path)).length, 1);
});

for (const [what, size] of [["small", 10], ["large", 40 * MIB]] as const) {
  test(`an abort ends the put of a ${what} file at once, and nothing is seen`, async () => {
    await using place = await BlobPlace.make();
    await using destination = await place.open();
    const file = await place.file("a", randomBytes(size));
    place.proxy.fault({ kind: "delay", ms: 60_000 }, { times: 1_000 });
    const stop = new AbortController();
    const putting = destination.put(file, { signal: stop.signal }).then(() => "done", (reason) => reason);
    await waitUntil(() => place.proxy.requests.length > 0);
    const before = Date.now();
    stop.abort("stopped");
    assertEquals(await putting, "stopped");
    assertBetween(Date.now() - before, 0, 2_000);
    assertEquals(await place.names(), []);
  });
}

test("an abort ends what waits for a service that is down", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await place.proxy.down();
  const stop = new AbortController();
  const preparing = destination.prepare({ signal: stop.signal }).then(() => "done", (reason) => reason);
  stop.abort("stopped");
  assertEquals(await preparing, "stopped");
});

test("puts that were aborted leave room for those that come", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const file = await place.file("a", randomBytes(40 * MIB));
  place.proxy.fault({ kind: "delay", ms: 60_000 }, { times: 1_000 });
  const stop = new AbortController();
  const putting = Promise.allSettled([1, 2, 3].map(() => destination.put(file, { signal: stop.signal })));
  await waitUntil(() => place.proxy.requests.length >= 5);
  stop.abort("stopped");
  await putting;
  place.proxy.heal();
  await destination.put(await place.file("b", randomBytes(9 * MIB)));
  assertEquals(await place.names(), ["out/run 1/b"]);
});
