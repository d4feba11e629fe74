import { assertEquals, assertMatch, assertNotEquals } from "../support/assert.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

/** Messages at which a worker of the Python tool stops, and a part of the reason that jobq gives. */
const POISON = [
  { what: "that is not JSON", text: "not <JSON> & ✓", reason: /is not JSON/ },
  { what: "of another shape", text: '["a", {"cmd": "b"}]', reason: /is not a JSON object/ },
  {
    what: "of a later version",
    text: '{"version": 7, "reply_requested": false, "kwargs": "{}", "num_retries": 0, "id": "x"}',
    reason: /its version is 7/,
  },
];

for (const { what, text, reason } of POISON) {
  interopTest(`a message ${what} stops Python workers until a jobq worker moves it aside`, async () => {
    const queue = await SharedQueue.make();
    await queue.send(text);
    await using stopped = await queue.pythonWorker(["--visibility-timeout", "1s", "--no-heartbeat"]);
    assertNotEquals(await stopped.ended(), 0);
    assertEquals(await queue.onlyText(), text);
    await queue.jobq(["worker"]);
    const { failure } = JSON.parse((await queue.jobq(["dead", "list", "--json"])).stdout);
    assertMatch(failure.message, reason);
    await queue.jobq(["push", "-c", "echo it goes on"]);
    await using worker = await queue.pythonWorker();
    assertEquals(await worker.ended(), 0);
    assertMatch(worker.log, /^it goes on$/m);
    assertEquals(await queue.counts(), { messages: 0, dead: 1 });
  });
}

interopTest(
  "a job that only a library of the Python tool knows is a dead letter of jobq, as it was",
  async () => {
    const queue = await SharedQueue.make();
    const kwargs = '"{\\"config\\": \\"a.yaml\\", \\"seed\\": 1}"';
    const text =
      `{"version": 1, "reply_requested": false, "kwargs": ${kwargs}, "num_retries": 2, "id": "abc"}`;
    await queue.send(text);
    await queue.jobq(["worker"]);
    const [dead = ""] = await queue.deadTexts();
    assertMatch(JSON.parse(dead).error, /it is not a shell job/);
    assertEquals(JSON.parse(dead).kwargs, JSON.parse(text).kwargs);
    assertEquals(await queue.counts(), { messages: 0, dead: 1 });
  },
);
