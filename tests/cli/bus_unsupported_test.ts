import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";

const COMMANDS: Readonly<Record<string, RegExp>> = {
  "status 1": /Cannot find a job on/,
  "list": /Cannot list jobs on/,
  "why 1": /Cannot find a job on/,
  "logs 1": /Cannot show logs of ".*": it keeps none\n/,
  "wait 1": /Cannot find a job on/,
  "wait --all": /Cannot wait for jobs on/,
  "stats": /Cannot tell statistics on/,
  "cancel 1": /Cannot find a job on/,
  "requeue 1": /Cannot find a job on/,
  "requeue --failed": /Cannot requeue by state on/,
  "prune --yes": /Cannot prune on/,
  "workers": /Cannot tell who works on/,
  "worker --keep-finished 5": /Cannot use --keep-finished on ".*": finished jobs leave no records there\n/,
  "run -c true": /Cannot run a job on ".*": it keeps no records that would tell its end\n/,
  "push --priority 1 -c x": /Cannot use --priority with ".*": it cannot give jobs a priority\n/,
  "push --after 1 -c x": /Cannot use --after with ".*": it cannot let jobs wait for other jobs\n/,
  "push --key k -c x": /Cannot use --key with ".*": it cannot tell jobs apart by a key\n/,
  "push --if-exists skip": /Cannot use --if-exists with ".*": it cannot tell jobs apart by a key\n/,
};
for (const [line, said] of Object.entries(COMMANDS)) {
  test(`${line} on Service Bus exits with 2, says what cannot be and what can, and changes nothing`, async () => {
    await using queue = await BusQueue.with("here");
    const { code, stdout, stderr } = await queue.jobq(line.split(" "), { stdin: "from stdin\n" });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, said);
    assertMatch(stderr, /^error: Cannot [^\n]*"sb:\/\/[^\n]*\nhint: [^\n]* SQLite [^\n]*jobs\.db.*\n$/);
    assertEquals(queue.commands, ["here"]);
  });
}

test("a line that asks for what cannot be is named and refused with 2; the jobs before it are pushed", async () => {
  await using queue = await BusQueue.with();
  const stdin = '1\n2\n\n3\n{"cmd": "x", "priority": 1}\n4\n';
  const { code, stdout, stderr } = await queue.jobq(["push"], { stdin });
  assertEquals([code, stdout.match(/^[0-9a-f]{32}$/gm)?.length], [2, 3]);
  assertMatch(stderr, /^error: Cannot push line 5 of standard input: Azure Service Bus queues cannot /);
  assertEquals(queue.commands, ["1", "2", "3"]);
});
