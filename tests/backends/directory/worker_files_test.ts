import type { WorkerSelf } from "../../../src/core/workers.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { DirectoryFixture } from "../../support/directory_queue.ts";
import { test } from "../../support/testing.ts";

const SELF: WorkerSelf = { id: "w", host: "host", pid: 7, slots: 2 };
const DAY_MS = 86_400_000;

test("a worker whose file somebody removed is told to drain at its next look, and stays so", async () => {
  await using it = await DirectoryFixture.make();
  await using presence = await it.queue.workers.register(SELF);
  assertEquals(await presence.report(), undefined);
  await Deno.remove(it.at("workers/w.json"));
  assertEquals(await presence.report(), "drain");
  await it.clock.jump(60_000);
  assertEquals(await presence.report(), "drain");
  assertEquals(it.files("workers"), []);
});

for (const request of ["drain", "now"] as const) {
  test(`a worker is told to leave by a file called .stop in which is "${request}"`, async () => {
    await using it = await DirectoryFixture.make();
    await using presence = await it.queue.workers.register(SELF);
    assert(await it.open().workers.stop("w", request));
    assertEquals(it.files("workers"), ["workers/w.json", "workers/w.stop"]);
    assertEquals(await presence.report(), request);
    assertEquals((await it.queue.workers.list())[0]?.stop, request);
  });
}

test("a worker starts although one of the same name was told to leave before", async () => {
  await using it = await DirectoryFixture.make();
  await it.queue.workers.register(SELF);
  await it.queue.workers.stop("w", "now");
  await using presence = await it.queue.workers.register(SELF);
  assertEquals(await presence.report(), undefined);
});

test("a worker that leaves leaves no file", async () => {
  await using it = await DirectoryFixture.make();
  const presence = await it.queue.workers.register(SELF);
  await it.queue.workers.stop("w", "drain");
  await presence[Symbol.asyncDispose]();
  assertEquals(it.files("workers"), []);
});

test("a worker that was not heard of for a day is not shown, and its file is gone after a week", async () => {
  await using it = await DirectoryFixture.make();
  await it.queue.workers.register(SELF);
  await it.queue.workers.stop("w", "drain");
  await it.clock.jump(DAY_MS - 1_000);
  assertEquals((await it.queue.workers.list()).length, 1);
  await it.clock.jump(2_000);
  assertEquals(await it.queue.workers.list(), []);
  assertEquals(await it.queue.workers.stop("w", "drain"), false);
  await it.clock.jump(6 * DAY_MS);
  await it.queue.workers.list();
  assertEquals(it.files("workers"), []);
});

test("a worker writes its file every 30 s, not at every look", async () => {
  await using it = await DirectoryFixture.make();
  await using presence = await it.queue.workers.register(SELF);
  const beats = new Set<number | undefined>();
  for (let second = 0; second < 90; second++) {
    await it.clock.jump(1_000);
    await presence.report();
    beats.add((await it.queue.workers.list())[0]?.beatAt);
  }
  assertEquals(beats.size, 4);
});

for (const id of ["../../x", "a/b", "ü 漢", "x".repeat(300), "%2F", ".", "a.json"]) {
  test(`a worker may be called ${JSON.stringify(id.slice(0, 20))}`, async () => {
    await using it = await DirectoryFixture.make();
    await using presence = await it.queue.workers.register({ ...SELF, id });
    assertEquals((await it.queue.workers.list()).map((worker) => worker.id), [id]);
    assert(await it.queue.workers.stop(id, "drain"));
    assertEquals(await presence.report(), "drain");
    assert(it.files("workers").every((path) => path.split("/").length === 2));
  });
}

test("two workers whose long names begin alike have each their file", async () => {
  await using it = await DirectoryFixture.make();
  const ids = ["a", "b"].map((end) => `${"x".repeat(250)}${end}`);
  for (const id of ids) await it.queue.workers.register({ ...SELF, id });
  assertEquals((await it.queue.workers.list()).map(({ id }) => id).sort(), ids);
});
