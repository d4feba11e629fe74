import { openQueue } from "../../src/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { jobq } from "../support/jobq.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

test("run runs the job itself when the only worker took it and was heard of no more", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("jobs.db");
  await using queue = await openQueue(path);
  const presence = await queue.workers.register({ id: "w1", host: "h", pid: 1, slots: 1 });
  await presence.report();
  const running = jobq([path, "run", "-c", "echo attempt $JOBQ_ATTEMPT"], {
    through: ["timeout", "--signal=KILL", "30"],
  });
  const lease = await queue.lease({ leaseMs: 100, waitMs: 60_000, workerId: "w1" });
  // The lease is neither renewed nor settled.
  await presence[Symbol.asyncDispose]();
  const { code, stdout, stderr } = await running;
  assertEquals([code, stdout, lease?.job.executions], [0, "attempt 1\n", 1]);
  assertMatch(stderr, /no worker is on this queue: running job 1-\w+ here/);
  const details = await queue.get(lease?.job.id ?? "");
  assertEquals(details?.history.map(({ outcome }) => outcome), ["lost", "completed"]);
});
