import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { openAt } from "../support/sqlite.ts";
import { test } from "../support/testing.ts";

test("why says what a blocked job waits for", async () => {
  await using queue = await QueueFile.with("a");
  await queue.jobq(["push", "--after", "1", "-c", "b"]);
  const { code, stdout, stderr } = await queue.process(["why", "2"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^2-\w+ waits for 1-\w+ \(pending\) to complete\n$/);
});

test("why says how many jobs are before a pending one, and that there is no worker", async () => {
  await using queue = await QueueFile.with("a", "b", "c");
  const { stdout } = await queue.jobq(["why", "3", "1"]);
  assertMatch(
    stdout,
    /^3-\w+ is behind 2 jobs, and no worker is on this queue\n1-\w+ is next, and no worker is on this queue\n$/,
  );
});

test("why says until when a job is delayed", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--delay", "1h", "-c", "a"]);
  assertMatch((await queue.jobq(["why", "1"])).stdout, /is delayed until \d{4}-.* \(in (1h|59m\d+s)\)\n$/);
});

test("why says of a running job which worker has it", async () => {
  await using queue = await QueueFile.with("a");
  await using registrar = await openAt(queue.path);
  await using _ = await registrar.workers.register({ id: "w1", host: "node7", pid: 42, slots: 1 });
  await registrar.lease({ leaseMs: 60_000, waitMs: 0, workerId: "w1" });
  assertMatch(
    (await queue.jobq(["why", "1"])).stdout,
    /^1-\w+ runs on w1 \(node7, process 42\) since .*\)\n$/,
  );
});

test("why says how a job failed", async () => {
  await using queue = await QueueFile.make();
  await queue.dead("a");
  assertMatch(
    (await queue.jobq(["why", "1"])).stdout,
    /^1-\w+ failed at .* ago\) in attempt 1 of 1: exit code 3\n$/,
  );
});

test("why --json prints an object a line", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.dead("a");
  const { state, reason, ...rest } = JSON.parse((await queue.jobq(["why", "--json", "1"])).stdout);
  assertEquals([rest, state], [{ id }, "failed"]);
  assertMatch(reason, /^failed at /);
});

test("why lets no control character of an error through", async () => {
  await using queue = await QueueFile.with("a");
  await queue.look(async (handle) =>
    (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.deadLetter({
      kind: "failed",
      message: "a\n\x1b[2Jb",
      at: Date.now(),
    })
  );
  assertMatch((await queue.jobq(["why", "1"])).stdout, /: a \[2Jb\n$/);
});

test("why of an unknown id exits with 2", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stderr } = await queue.jobq(["why", "77"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot find "77": no job starts with it/);
});
