import { openRemoteQueue } from "../../../src/backends/ssh/remote_queue.ts";
import type { JobLogs, LogWriter } from "../../../src/core/job_logs.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { ServedFile } from "./served_file.ts";

const NAME = "ssh://host/jobs.db";
const MAX = { maxBytes: 100 * 1024 * 1024 };

test("what is written to a log comes back, byte by byte", async () => {
  await using it = await Fixture.make();
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const writer = it.open();
  // A caller may use its buffer again at once.
  const buffer = bytes.slice(0, 30_000);
  const first = writer.write(buffer);
  buffer.fill(0);
  await first;
  await writer.write(bytes.subarray(30_000));
  await writer.close();
  assertEquals(await it.read(), bytes);
});

test("large writes arrive in their order", async () => {
  await using it = await Fixture.make();
  const bytes = new Uint8Array(5 * 1024 * 1024);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (at >> 8) & 0xff;
  const writer = it.open();
  void writer.write(bytes);
  void writer.write(new TextEncoder().encode("end"));
  await writer.close();
  const found = await it.read();
  assertEquals(found.length, bytes.length + 3);
  assertEquals(found.subarray(0, bytes.length), bytes);
});

test("a writer does not wait for each answer, but has at most 1 MiB on its way", async () => {
  await using it = await Fixture.make();
  const writer = it.open();
  await writer.write(new Uint8Array(1));
  it.file.last.toClient.hold();
  const part = new Uint8Array(256 * 1024);
  for (let i = 0; i < 3; i++) await writer.write(part);
  let hasGone = false;
  const over = writer.write(new Uint8Array(1024 * 1024)).then(() => hasGone = true);
  await waitUntil(() => it.file.last.toServer.passed > 4 * part.length);
  assertEquals(hasGone, false);
  it.file.last.toClient.goOn();
  await over;
  await writer.close();
});

test("a log whose connection is lost tells so once, and nobody fails", async () => {
  await using it = await Fixture.make();
  const problems: string[] = [];
  const writer = it.open((reason) => problems.push(reason));
  await writer.write(new TextEncoder().encode("before"));
  await waitUntil(async () => (await it.read()).length === 6);
  it.file.cut();
  await it.queue.counts();
  for (let i = 0; i < 3; i++) await writer.write(new TextEncoder().encode("after"));
  await writer.close();
  assertEquals(problems, ["the connection was lost; what is printed after that cannot be added"]);
  assertEquals(new TextDecoder().decode(await it.read()), "before");
});

test("why a log is not kept over there is told here", async () => {
  const logs: JobLogs = {
    place: "/nowhere",
    open: (_, { onProblem }): LogWriter => ({
      write: () => {
        onProblem?.("the disk is full");
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
    read: (_, from) => Promise.resolve({ bytes: new Uint8Array(0), from }),
  };
  await using it = await Fixture.make((queue) => {
    Object.defineProperty(queue, "logs", { value: logs });
    return queue;
  });
  const problems: string[] = [];
  const writer = it.open((reason) => problems.push(reason));
  await writer.write(new Uint8Array(10));
  await writer.close();
  await waitUntil(() => problems.length > 0);
  assertEquals(problems, ["the disk is full"]);
  assertEquals(it.queue.logs?.place, "/nowhere");
});

test("the log of an id that leads elsewhere is empty, and writing it fails no job", async () => {
  await using it = await Fixture.make();
  const problems: string[] = [];
  const logs = assertExists(it.queue.logs);
  const writer = logs.open({ id: "../../etc", execution: 1 }, {
    ...MAX,
    onProblem: (why) => problems.push(why),
  });
  await writer.write(new Uint8Array(10));
  await writer.close();
  assert(problems.length === 1, `${problems}`);
  assertEquals((await logs.read({ id: "../../etc", execution: 1 }, 0)).bytes.length, 0);
});

class Fixture implements AsyncDisposable {
  private constructor(readonly file: ServedFile, readonly queue: Queue, readonly id: string) {}

  static async make(around: (queue: Queue) => Queue = (queue) => queue): Promise<Fixture> {
    const file = await ServedFile.make();
    const open = async () => around(await file.open());
    const queue = await openRemoteQueue(file.connector(undefined, { open }), { name: NAME });
    const [id = ""] = await queue.enqueue([shellJob()]);
    return new Fixture(file, queue, id);
  }

  open(onProblem?: (reason: string) => void): LogWriter {
    return assertExists(this.queue.logs).open({ id: this.id, execution: 1 }, { ...MAX, onProblem });
  }

  async read(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const { bytes, from } = await assertExists(this.queue.logs).read({ id: this.id, execution: 1 }, at);
      if (bytes.length === 0) {
        return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
      }
      parts.push(bytes);
      at = from + bytes.length;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue[Symbol.asyncDispose]();
    await this.file[Symbol.asyncDispose]();
  }
}
