import { FrameReader, FrameWriter } from "../../../src/backends/ssh/frames.ts";
import { LineReader } from "../../../src/backends/ssh/line_reader.ts";
import { PROTOCOL } from "../../../src/backends/ssh/messages.ts";
import { serveQueue } from "../../../src/backends/ssh/serve.ts";
import { CONFIRM_MS } from "../../../src/backends/ssh/served_leases.ts";
import { BackendError } from "../../../src/core/errors.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { CuttablePipe } from "./cuttable_pipe.ts";

const LEASE = { leaseMs: 600_000, waitMs: 0 };

test("a server says hello on a line of its own, with what it offers", async () => {
  await using it = await Served.make();
  const { jobq, protocol, queue } = it.hello;
  assertEquals([jobq, protocol], ["hello", PROTOCOL]);
  const { resumes, leasesMany, capabilities } = queue as Record<string, unknown>;
  assertEquals([resumes, leasesMany], [true, false]);
  assertEquals((capabilities as Record<string, unknown>).maxPeek, "Infinity");
});

test("a lease that was not confirmed is given back when the other side ends", async () => {
  await using it = await Served.make();
  await it.queue.enqueue([shellJob()]);
  await it.ask("lease", LEASE);
  assertEquals((await it.queue.counts()).running, 1);
  await it.end();
  assertEquals((await it.queue.counts()).ready, 1);
});

test("a lease that was confirmed is left alone when the other side ends", async () => {
  await using it = await Served.make();
  await it.queue.enqueue([shellJob()]);
  await it.ask("lease", LEASE);
  await it.ask("lease.confirm", { lease: 1 });
  await it.end();
  assertEquals((await it.queue.counts()).running, 1);
});

test("a lease that was resumed is left alone when the other side ends", async () => {
  await using it = await Served.make();
  await it.queue.enqueue([shellJob()]);
  const lease = await it.queue.lease(LEASE);
  await it.ask("resume", { ticket: lease?.ticket });
  await it.end();
  assertEquals((await it.queue.counts()).running, 1);
});

test("a lease that is not confirmed in time is given back", async () => {
  const clock = new ManualClock();
  await using it = await Served.make(clock);
  await it.queue.enqueue([shellJob()]);
  await it.ask("lease", LEASE);
  await clock.advance(CONFIRM_MS - 1);
  assertEquals((await it.queue.counts()).running, 1);
  await clock.advance(1);
  assertEquals((await it.queue.counts()).ready, 1);
});

test("a lease() that still waits when the other side ends takes no job", async () => {
  await using it = await Served.make();
  await it.say({ id: 7, method: "lease", params: { ...LEASE, waitMs: "Infinity" } });
  await it.ask("counts", {});
  await it.end();
  await it.queue.enqueue([shellJob()]);
  assertEquals((await it.queue.counts()).ready, 1);
});

test("an aborted request is answered", async () => {
  await using it = await Served.make();
  await it.say({ id: 7, method: "lease", params: { ...LEASE, waitMs: "Infinity" } });
  await it.say({ abort: 7 });
  assertEquals(await it.next(), { id: 7 });
});

test("a ping is answered while a request waits", async () => {
  await using it = await Served.make();
  await it.say({ id: 7, method: "lease", params: { ...LEASE, waitMs: "Infinity" } });
  await it.say({ ping: 3 });
  assertEquals(await it.next(), { pong: 3 });
});

for (const method of ["fly", "constructor", "__proto__", ""]) {
  test(`the unknown method "${method}" is refused, and the next request answered`, async () => {
    await using it = await Served.make();
    const { error } = await it.ask(method, {});
    assert((error as { message: string }).message.includes("does not know"));
    assertEquals((await it.ask("peek", { limit: 1 })).result, []);
  });
}

test("parameters that make no sense are an error of that request alone", async () => {
  await using it = await Served.make();
  for (const method of ["enqueue", "lease", "resume", "list", "lease.ack", "workers.report", "logs.open"]) {
    for (const params of [undefined, null, 5, [], { jobs: 5, lease: {}, ticket: [] }]) {
      const answer = await it.ask(method, params);
      assert("id" in answer, method);
    }
  }
  assertEquals((await it.ask("peek", { limit: 1 })).result, []);
});

test("what is no message ends the server with an error", async () => {
  await using it = await Served.make();
  await it.sayText("GET / HTTP/1.1\r\n");
  assert(await it.ended instanceof BackendError);
});

test("the server ends when nobody reads its answers any more", async () => {
  await using it = await Served.make();
  it.toClient.cut();
  await it.say({ id: 1, method: "counts", params: {} });
  await it.ended;
});

test("nothing more is read while nobody takes the answers", async () => {
  await using it = await Served.make();
  const payload = "x".repeat(1_000_000);
  await it.queue.enqueue([{ task: { kind: "function", name: "f", payload } }]);
  it.toClient.hold();
  const requests = Array.from({ length: 200 }, (_, id) => ({ id, method: "peek", params: { limit: 1 } }));
  const bytes = requests.reduce((sum, request) => sum + JSON.stringify(request).length + 1, 0);
  let said = 0;
  const saying = Promise.all(requests.map((request) => it.say(request).then(() => said++)));
  await waitUntil(() => said > 10);
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  assert(it.toServer.passed < bytes / 2, `${it.toServer.passed} of ${bytes}`);
  it.toClient.goOn();
  for (const _ of requests) assert("result" in await it.next());
  await saying;
});

test("requests that wait keep no others from being answered", async () => {
  await using it = await Served.make();
  for (let id = 1; id <= 100; id++) {
    await it.say({ id, method: "lease", params: { ...LEASE, waitMs: "Infinity" } });
  }
  assertEquals((await it.ask("peek", { limit: 1 })).result, []);
});

test("the server ends although nobody takes its last answers", async () => {
  const clock = new ManualClock();
  await using it = await Served.make(clock);
  it.toClient.hold();
  for (let id = 1; id <= 5; id++) await it.say({ id, method: "peek", params: { limit: 1 } });
  await waitUntil(() => it.toServer.passed > 0);
  it.toServer.cut();
  await clock.untilSleeping();
  await clock.advance(5_000);
  await it.ended;
});

/** A server of a queue in a file, spoken to message by message. */
class Served implements AsyncDisposable {
  readonly toServer = new CuttablePipe();
  readonly toClient = new CuttablePipe();
  readonly ended: Promise<unknown>;
  hello: Record<string, unknown> = {};
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  #last = 100;

  private constructor(
    readonly queue: Queue,
    { directory, clock }: { directory: TempDir; clock: ManualClock | undefined },
  ) {
    this.#directory = directory;
    const { readable } = this.toServer;
    const { writable } = this.toClient;
    const open = () => openAt(directory.join("jobs.db"), { clock });
    this.ended = serveQueue(open, { readable, writable, log: silentLogger, clock }).catch((error) => error);
    this.#writer = new FrameWriter(this.toServer.writable);
    const lines = new LineReader(this.toClient.readable);
    this.#reader = new FrameReader(lines);
    this.#lines = lines;
  }

  readonly #directory: TempDir;
  readonly #lines: LineReader;

  static async make(clock?: ManualClock): Promise<Served> {
    const directory = await TempDir.make();
    const it = new Served(await openAt(directory.join("jobs.db"), { clock }), { directory, clock });
    assertEquals((await it.#lines.next(10))?.length, 0);
    it.hello = await it.next();
    return it;
  }

  async say(message: object): Promise<void> {
    await this.#writer.write(message).catch(() => {});
  }

  async sayText(text: string): Promise<void> {
    this.toServer.say(text);
    await this.ended;
  }

  async next(): Promise<Record<string, unknown>> {
    return { ...await this.#reader.next() };
  }

  async ask(method: string, params: unknown): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    await this.say({ id, method, params });
    return await this.next();
  }

  async end(): Promise<void> {
    this.toServer.cut();
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.toClient.cut();
    await this.end();
    await this.#reader.cancel();
    await this.queue[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }
}
