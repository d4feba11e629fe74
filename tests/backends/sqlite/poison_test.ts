import { DatabaseSync } from "node:sqlite";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { commandOf, shellJob } from "../../support/jobs.ts";
import { execAt, openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const SPECS: Readonly<Record<string, string>> = {
  "nothing": "",
  "no JSON": "{oops",
  "null": "null",
  "a text": '"task"',
  "no task": "{}",
  "a task of an unknown kind": '{"task":{"kind":"rocket"}}',
  "a command that is no text": '{"task":{"kind":"shell","command":7}}',
  "no arguments": '{"task":{"kind":"argv","argv":[]}}',
  "an environment that is none": '{"task":{"kind":"shell","command":"true"},"env":{"A":1}}',
  "a directory that is no text": '{"task":{"kind":"shell","command":"true"},"cwd":{}}',
};

for (const [what, spec] of Object.entries(SPECS)) {
  test(`a row that holds ${what} is dead-lettered as poison and stops nobody`, async () => {
    await using directory = await TempDir.make();
    const path = directory.join("jobs.db");
    await using queue = await openAt(path);
    const [poison] = await queue.enqueue([shellJob("poison"), shellJob("innocent")]);
    execAt(path, `UPDATE jobs SET spec = '${spec}' WHERE seq = 1`);
    assertEquals((await queue.peek(10)).length, 2);
    await using lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
    assertEquals(commandOf(lease.job), "innocent");
    const [letter] = await queue.deadLetters.list();
    assertEquals([letter?.job.id, letter?.failure.kind], [poison, "poison"]);
    assert(letter?.failure.message.includes("decoded"));
  });
}

test("poison that another holder takes over while we put it aside stops nobody", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  let takesOver = false;
  const clock: Clock = {
    ...systemClock,
    now: () => {
      // The time is asked for between the claim and the dead-lettering, too.
      if (takesOver && takeOver(path)) takesOver = false;
      return systemClock.now();
    },
  };
  await using queue = await openAt(path, { clock });
  await queue.enqueue([shellJob()]);
  execAt(path, "UPDATE jobs SET spec = ''");
  takesOver = true;
  assertEquals(await queue.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
  assertEquals([takesOver, (await queue.counts()).running], [false, 1]);
});

test("a reason that cannot be decoded is shown as such", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  await queue.enqueue([shellJob()]);
  const lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
  await lease.deadLetter({ kind: "failed", message: "x", at: 1 });
  execAt(path, "UPDATE jobs SET failure = '{oops'");
  const [letter] = await queue.deadLetters.list();
  assertEquals(letter?.failure.message, "the reason cannot be read");
});

/** Makes the running job somebody else's; false when there is none. */
function takeOver(path: string): boolean {
  const database = new DatabaseSync(path);
  const { changes } = database.prepare("UPDATE jobs SET lease_token = 'another' WHERE state = 'running'")
    .run();
  database.close();
  return changes === 1;
}
