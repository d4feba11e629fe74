import { UsageError } from "../../src/core/errors.ts";
import type { NewJob } from "../../src/core/job.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { commandOf, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness } from "./harness.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** Putting jobs on the queue. */
export function enqueueTopic(harness: Harness): void {
  conformanceTest(harness, "enqueue() answers one id per job, all different", async ({ queue }) => {
    const ids = await queue.enqueue(["a", "b", "c"].map((command) => shellJob(command)));
    assertEquals(new Set(ids).size, 3);
    assert(ids.every((id) => id !== ""));
  });

  conformanceTest(harness, "enqueue() answers the ids in the order of the jobs", async ({ queue }) => {
    const length = Math.min(120, harness.capabilities.maxPeek);
    const commands = Array.from({ length }, (_, index) => `echo ${index}`);
    const ids = await queue.enqueue(commands.map((command) => shellJob(command)));
    const commandOfId = new Map((await queue.peek(200)).map((job) => [job.id, commandOf(job)]));
    assertEquals(ids.map((id) => commandOfId.get(id)), commands);
  });

  conformanceTest(harness, "enqueue() of nothing changes nothing", async (it) => {
    assertEquals(await it.queue.enqueue([]), []);
    await it.assertCounts({});
  });

  conformanceTest(harness, "enqueue() keeps everything that a job says", async (it) => {
    const job: NewJob = {
      task: { kind: "argv", argv: ["printf", "%s", "two words", ""] },
      name: "a name",
      env: { A: "1", EMPTY: "" },
      cwd: "/somewhere",
      maxAttempts: 4,
      retryDelayMs: 250,
      timeoutMs: 9_000,
    };
    const [id] = await it.queue.enqueue([job]);
    await using lease = await it.next();
    const { state, attempts, executions, createdAt, visibleAt, hasParents, ...rest } = withoutUndefined(
      lease.job,
    );
    assertEquals({ ...rest }, { id, ...job, priority: 0 });
    assertEquals([state, attempts, executions, hasParents], ["running", 0, 1, false]);
    assert(createdAt > 0 && visibleAt !== undefined);
  });

  conformanceTest(harness, "enqueue() gives one attempt and an empty environment by default", async (it) => {
    await it.queue.enqueue([shellJob("true")]);
    await using lease = await it.next();
    assertEquals([lease.job.maxAttempts, lease.job.env, lease.job.name], [1, {}, undefined]);
  });

  conformanceTest(harness, "enqueue() keeps a function's payload", async (it) => {
    const task = {
      kind: "function",
      name: "train",
      payload: { list: [1, null, "x"], deep: { yes: true } },
    } as const;
    await it.queue.enqueue([{ task }]);
    await using lease = await it.next();
    assertEquals(lease.job.task, task);
  });

  conformanceTest(
    harness,
    "enqueue() refuses a job that cannot run, and with it the batch",
    async (it) => {
      await assertRejects(
        it.queue.enqueue([shellJob("fine"), shellJob("  "), shellJob("fine too")]),
        UsageError,
      );
      await it.assertCounts({});
    },
  );

  conformanceTest(
    harness,
    "what a caller changes after enqueue() does not reach the queue",
    async (it) => {
      const env: Record<string, string> = { A: "1" };
      await it.queue.enqueue([shellJob("true", { env })]);
      env.A = "2";
      await using lease = await it.next();
      assertEquals(lease.job.env, { A: "1" });
    },
  );

  conformanceTest(harness, "enqueue() through one handle is seen through another", async (it) => {
    const other = await it.open();
    await other.enqueue([shellJob("true")]);
    await it.assertCounts({ ready: 1 });
  });
}
