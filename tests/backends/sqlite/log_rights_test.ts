import { assertEquals, assertExists, assertMatch } from "../../support/assert.ts";
import { QueueFile } from "../../support/queue_file.ts";
import { test } from "../../support/testing.ts";
import { UNPRIVILEGED } from "../../support/unprivileged.ts";

test("a job completes though its output may not be kept, which the worker says once", async () => {
  await using file = await QueueFile.with("for i in 1 2 3; do echo $i; sleep 0.01; done");
  await Deno.mkdir(`${file.path}.d`, { mode: 0o500 });
  const { code, stdout, stderr } = await file.process(["worker"], { through: UNPRIVILEGED });
  assertEquals([code, stdout], [0, "1\n2\n3\n"]);
  assertEquals(stderr.match(/is not kept/g)?.length, 1);
  assertMatch(stderr, /the output of job 1-\w+ is not kept: \S+\.1\.log: Permission denied/);
  const record = assertExists((await file.look((queue) => queue.list()))[0]);
  assertEquals([record.state, record.exitCode], ["completed", 0]);
  assertEquals((await file.look((queue) => queue.get(record.id)))?.history[0]?.output, "1\n2\n3");
});
