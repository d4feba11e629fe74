import { openRemoteQueue } from "../../../src/backends/ssh/remote_queue.ts";
import type { Queue } from "../../../src/core/queue.ts";
import type { WorkerSelf } from "../../../src/core/workers.ts";
import { processRunner } from "../../../src/runner/process_runner.ts";
import { Worker } from "../../../src/worker/worker.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { ServedFile } from "./served_file.ts";

const NAME = "ssh://host/jobs.db";
const SELF: WorkerSelf = { id: "w1", host: "node", pid: 4_711, slots: 2 };

test("a worker is registered again over the next connection", async () => {
  await using it = await Fixture.make();
  await using presence = await it.queue.workers.register(SELF);
  await it.lose();
  assertEquals(await presence.report(), undefined);
  assertEquals((await it.near.workers.list()).map(({ id }) => id), ["w1"]);
});

test("a worker that was asked to leave while it had no connection hears of it", async () => {
  await using it = await Fixture.make();
  await using presence = await it.queue.workers.register(SELF);
  await it.lose();
  await it.near.workers.stop("w1", "drain");
  assertEquals([await presence.report(), await presence.report()], ["drain", "drain"]);
});

test("a worker whose connection was lost stays registered, until it leaves", async () => {
  await using it = await Fixture.make();
  const presence = await it.queue.workers.register(SELF);
  await it.lose();
  assertEquals((await it.near.workers.list()).length, 1);
  await presence[Symbol.asyncDispose]();
  assertEquals(await it.near.workers.list(), []);
});

test("a worker runs every job once over connections that are cut again and again", async () => {
  await using it = await Fixture.make();
  const ids = await it.queue.enqueue(Array.from({ length: 30 }, (_, i) => shellJob(`echo ${i}`)));
  await using runner = processRunner();
  // The bytes after which each connection is cut, in one direction or the other.
  let cuts = 0;
  it.file.onConnect = ({ toClient, toServer }) => {
    if (++cuts <= 8) (cuts % 2 ? toClient : toServer).cutAfter(1_500 + 377 * cuts);
  };
  await it.lose();
  const worker = new Worker({ queue: it.queue, runner, slots: 4, idleTimeoutMs: 3_000 });
  const running = worker.run();
  await waitUntil(async () => (await it.near.counts()).completed === ids.length, { limitMs: 60_000 });
  worker.drain();
  await running;
  for (const id of ids) {
    const job = await it.near.get(id);
    assertEquals(job?.history.filter(({ outcome }) => outcome === "completed").length, 1);
  }
  assert(it.file.connections.length > 5, `only ${it.file.connections.length} connections`);
});

class Fixture implements AsyncDisposable {
  private constructor(readonly file: ServedFile, readonly queue: Queue, readonly near: Queue) {}

  static async make(): Promise<Fixture> {
    const file = await ServedFile.make();
    return new Fixture(
      file,
      await openRemoteQueue(file.connector(), { name: NAME }),
      await file.open(),
    );
  }

  async lose(): Promise<void> {
    this.file.cut();
    await this.file.last.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue[Symbol.asyncDispose]();
    await this.near[Symbol.asyncDispose]();
    await this.file[Symbol.asyncDispose]();
  }
}
