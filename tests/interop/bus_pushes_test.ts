import { assertEquals } from "../support/assert.ts";
import type { SeenMessage } from "../support/service_bus_broker/stored_message.ts";
import { TempDir } from "../support/temp_dir.ts";
import { BusQueue } from "./support/bus_queue.ts";
import { busTest } from "./support/bus_test.ts";
import { assertWritten, commandLines, readOutputs } from "./support/command_lines.ts";
import { once } from "./support/once.ts";

/** Each tool pushes all lines to a queue of its own, and then runs what the other pushed. */
const run = once(async () => {
  await using dir = await TempDir.make();
  await using own = await BusQueue.make();
  await using python = await BusQueue.make();
  const lines = commandLines(dir.path);
  const pushed = new Map<string, { own: readonly SeenMessage[]; python: readonly SeenMessage[] }>();
  for (const line of lines) {
    // The Python tool keeps the ends of the lines.
    const keep = line.stdin === undefined ? [] : ["--keep-newline"];
    const [ownMessages, pythonMessages] = await Promise.all([
      pushOne(own, () => own.jobq(["push", ...line.args, ...keep], line)),
      pushOne(python, () => python.python(["push", ...line.args], line)),
    ]);
    pushed.set(line.what, { own: ownMessages, python: pythonMessages });
  }
  await python.jobq(["worker"]);
  const byJobq = await readOutputs(lines);
  for (const { out } of lines) await Deno.remove(out);
  await using worker = await own.pythonWorker();
  assertEquals(await worker.ended(), 0, worker.log);
  const byPython = await readOutputs(lines);
  return { pushed, byJobq, byPython, left: [own.counts, python.counts], dead: python.view.dead };
});

/** What a push puts on the queue. */
async function pushOne(queue: BusQueue, push: () => Promise<unknown>): Promise<readonly SeenMessage[]> {
  const before = queue.view.all.length;
  await push();
  return queue.view.all.slice(before);
}

/** Sorted, since several are sent at the same time. */
function textsOf(messages: readonly SeenMessage[] = []): readonly string[] {
  return messages.map(({ body }) => body).toSorted();
}

for (const line of commandLines("")) {
  busTest(`a push of ${line.what} to Service Bus leaves the same bytes whichever tool did it`, async () => {
    const pushed = (await run()).pushed.get(line.what);
    assertEquals(pushed?.python.length, line.written.length);
    assertEquals(textsOf(pushed?.own), textsOf(pushed?.python));
  });

  busTest(`jobq runs ${line.what} pushed to Service Bus by the Python tool`, async () => {
    assertWritten((await run()).byJobq, line);
  });

  busTest(`the Python tool runs ${line.what} pushed to Service Bus by jobq`, async () => {
    assertWritten((await run()).byPython, line);
  });
}

busTest("both tools give a message on Service Bus the id that is in its body", async () => {
  for (const { own, python } of (await run()).pushed.values()) {
    for (const { messageId, body } of [...own, ...python]) assertEquals(messageId, JSON.parse(body).id);
  }
});

busTest("either tool leaves nothing of what the other pushed to Service Bus", async () => {
  const { left, dead } = await run();
  assertEquals(left, Array(2).fill({ messages: 0, dead: 0 }), dead.map(({ body }) => body).join("\n"));
});
