import { openDirectoryQueue } from "../../../src/backends/directory/open.ts";
import { isAlive } from "../../../src/core/workers.ts";
import { assertEquals } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const SELF = { id: "w1", host: "node-1", pid: 4_711, slots: 2 };

test("a worker whose process is gone is seen to be so at once, and one that lives to live", async () => {
  await using directory = await TempDir.make();
  const address = { kind: "directory", path: directory.join("queue") } as const;
  const queue = openDirectoryQueue(address);
  await using other = openDirectoryQueue(address);
  await queue.workers.register(SELF);
  const aliveOf = async () =>
    (await other.workers.list()).map((worker) => [worker.id, isAlive(worker, Date.now())]);
  assertEquals(await aliveOf(), [["w1", true]]);
  await queue[Symbol.asyncDispose]();
  assertEquals(await aliveOf(), [["w1", false]]);
});

test("a worker whose file somebody removed is asked to leave after its jobs", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = openDirectoryQueue({ kind: "directory", path });
  await using presence = await queue.workers.register(SELF);
  assertEquals(await presence.report(), undefined);
  await Deno.remove(`${path}/workers/w1.json`);
  assertEquals(await presence.report(), "drain");
  assertEquals(await queue.workers.list(), []);
});

test("a worker's name may have any characters", async () => {
  await using directory = await TempDir.make();
  await using queue = openDirectoryQueue({ kind: "directory", path: directory.join("queue") });
  const ids = ["../../etc/passwd", "a b", "ä/ö", ".", "..", "x".repeat(300)];
  for (const id of ids) await queue.workers.register({ ...SELF, id });
  assertEquals(new Set((await queue.workers.list()).map(({ id }) => id)), new Set(ids));
  for (const id of ids) assertEquals(await queue.workers.stop(id, "now"), true);
  assertEquals((await queue.workers.list()).map(({ stop }) => stop), ids.map(() => "now" as const));
});
