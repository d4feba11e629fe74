import type { Failure } from "../../src/core/failure.ts";
import type { JobId } from "../../src/core/job.ts";
import { assertEquals } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** The jobs that were given up. */
export function deadLettersTopic(harness: Harness): void {
  conformanceTest(harness, "a dead-lettered job is never leased", async (it) => {
    await kill(it, ["false"]);
    await it.assertNothingDue();
    await it.assertCounts({ failed: 1 });
  });

  conformanceTest(harness, "a dead letter keeps its reason", async (it) => {
    const failure: Failure = { ...FAILURE, signal: "SIGSEGV", message: 'it said "no"\n\u001b[31m' };
    const [id] = await it.queue.enqueue([shellJob("false", { name: "n", env: { A: "1" } })]);
    await (await it.next()).deadLetter(failure);
    const [letter] = await it.queue.deadLetters.list();
    assertEquals(letter?.failure, failure);
    assertEquals(
      [letter?.job.id, letter?.job.name, letter?.job.env, letter?.job.state],
      [id, "n", { A: "1" }, "failed"],
    );
  });

  conformanceTest(harness, "a job that ran out of time is a dead letter", async (it) => {
    const failure: Failure = { ...FAILURE, kind: "timed-out", message: "it ran longer than its 5 ms" };
    const [id] = await it.queue.enqueue([shellJob("sleep 1", { timeoutMs: 5 })]);
    await (await it.next()).deadLetter(failure);
    const [letter] = await it.queue.deadLetters.list();
    assertEquals([letter?.job.id, withoutUndefined({ ...letter?.failure })], [id, failure]);
    assertEquals(await it.queue.deadLetters.requeue("all"), 1);
    await it.assertCounts({ ready: 1 });
  });

  conformanceTest(harness, "a dead letter's last attempt is counted", async (it) => {
    await it.queue.enqueue([shellJob("false", { maxAttempts: 2 })]);
    await (await it.next()).retry({ delayMs: 0, failure: FAILURE });
    await (await it.next()).deadLetter(FAILURE);
    assertEquals((await it.queue.deadLetters.list())[0]?.job.attempts, 2);
  });

  conformanceTest(harness, "dead letters are listed oldest first", async (it) => {
    await kill(it, ["a", "b", "c"]);
    assertEquals(await deadCommands(it), ["a", "b", "c"]);
  });

  conformanceTest(harness, "list() stops at its limit", async (it) => {
    await kill(it, ["a", "b", "c"]);
    assertEquals((await it.queue.deadLetters.list({ limit: 2 })).length, 2);
  });

  conformanceTest(harness, "requeue() of one brings it back with all its attempts", async (it) => {
    const [first] = await kill(it, ["a", "b"]);
    assertEquals(await it.queue.deadLetters.requeue([first ?? ""]), 1);
    await using lease = await it.next();
    assertEquals([lease.job.id, lease.job.attempts, commandOf(lease.job)], [first, 0, "a"]);
    assertEquals(await deadCommands(it), ["b"]);
  });

  conformanceTest(harness, "requeue() of all brings all back", async (it) => {
    await kill(it, ["a", "b", "c"]);
    assertEquals(await it.queue.deadLetters.requeue("all"), 3);
    await it.assertCounts({ ready: 3 });
  });

  conformanceTest(harness, "requeue() forgives the lost leases of a poison job", async (it) => {
    await it.queue.enqueue([shellJob("killer")]);
    for (let i = 0; i < 5; i++) {
      await it.next({ leaseMs: it.leaseMs });
      await it.pass(it.leaseMs);
    }
    await it.assertNothingDue();
    await it.queue.deadLetters.requeue("all");
    await using lease = await it.next();
    assertEquals(commandOf(lease.job), "killer");
  });

  conformanceTest(harness, "requeue() of ids that are not dead changes nothing", async (it) => {
    const [pending] = await it.queue.enqueue([shellJob()]);
    const strangers = [pending ?? "", "no-such-id", "", "1'; DROP TABLE jobs; --", "999999-abcdef"];
    assertEquals(await it.queue.deadLetters.requeue(strangers), 0);
    await it.assertCounts({ ready: 1 });
  });

  conformanceTest(harness, "requeue() counts an id that is given twice once", async (it) => {
    const [id = ""] = await kill(it, ["a"]);
    assertEquals(await it.queue.deadLetters.requeue([id, id]), 1);
  });

  conformanceTest(harness, "purge() of one dead letter leaves the others", async (it) => {
    const [first = ""] = await kill(it, ["a", "b"]);
    assertEquals(await it.queue.deadLetters.purge([first]), 1);
    assertEquals(await deadCommands(it), ["b"]);
  });

  conformanceTest(harness, "purge() of all dead letters leaves the waiting jobs", async (it) => {
    await kill(it, ["a", "b"]);
    await it.queue.enqueue([shellJob("waiting")]);
    assertEquals(await it.queue.deadLetters.purge("all"), 2);
    await it.assertCounts({ ready: 1 });
  });
}

/** Pushes the commands and dead-letters each; answers the ids. */
async function kill(it: Fixture, commands: readonly string[]): Promise<readonly JobId[]> {
  const ids = await it.queue.enqueue(commands.map((command) => shellJob(command)));
  for (const _ of commands) {
    await (await it.next()).deadLetter(FAILURE);
    await it.pass(1);
  }
  return ids;
}

async function deadCommands({ queue }: Fixture): Promise<string[]> {
  return (await queue.deadLetters.list()).map(({ job }) => commandOf(job));
}
