import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { CloudQueue } from "./cloud_queue.ts";

const COMMANDS: Readonly<Record<string, RegExp>> = {
  "status 1": /Cannot find a job on/,
  "list": /Cannot list jobs on/,
  "why 1": /Cannot find a job on/,
  "logs 1": /Cannot show logs of ".*": it keeps none\n/,
  "logs -f 1": /Cannot show logs of ".*": it keeps none\n/,
  "wait 1": /Cannot find a job on/,
  "wait --all": /Cannot wait for jobs on/,
  "stats": /Cannot tell statistics on/,
  "cancel 1": /Cannot find a job on/,
  "requeue 1": /Cannot find a job on/,
  "requeue --failed": /Cannot requeue by state on/,
  "prune --yes": /Cannot prune on/,
  "workers": /Cannot tell who works on/,
  "workers stop 1": /Cannot tell who works on/,
  "worker --keep-finished 5": /Cannot use --keep-finished on ".*": finished jobs leave no records there\n/,
  "run -c true": /Cannot run a job on ".*": it keeps no records that would tell its end\n/,
  "run -- true": /Cannot run a job on/,
  "run --priority 1 -c true": /Cannot run a job on/,
  "push --priority 1 -c x": /Cannot use --priority with ".*": it cannot give jobs a priority\n/,
  "push --after 1 -c x": /Cannot use --after with ".*": it cannot let jobs wait for other jobs\n/,
  "push --key k -c x": /Cannot use --key with ".*": it cannot tell jobs apart by a key\n/,
  "push --key k --if-exists error -c x": /Cannot use --key with/,
  "push --if-exists skip": /Cannot use --if-exists with ".*": it cannot tell jobs apart by a key\n/,
  "push --priority 1": /Cannot use --priority with/,
  "push --delay 8d -c x": /Cannot use --delay with ".*": it delays jobs for at most 7d\n/,
};
for (const [line, said] of Object.entries(COMMANDS)) {
  test(`${line} exits with 2, says what cannot be and what can, and changes nothing`, async () => {
    const queue = await CloudQueue.with("here");
    const { code, stdout, stderr } = await queue.jobq(line.split(" "), { stdin: "from stdin\n" });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, said);
    assertMatch(
      stderr,
      /^error: Cannot [^\n]*"devstoreaccount1\/[^\n]*\nhint: [^\n]* SQLite [^\n]*jobs\.db.*\n$/,
    );
    assertEquals(await queue.commands(), ["here"]);
  });
}

const KEYS: Readonly<Record<string, RegExp>> = {
  '{"cmd": "x", "priority": 1}': /cannot give jobs a priority/,
  '{"cmd": "x", "after": "k"}': /cannot let jobs wait for other jobs/,
  '{"cmd": "x", "key": "k"}': /cannot tell jobs apart by a key/,
  '{"cmd": "x", "key": "k", "if_exists": "skip"}': /cannot tell jobs apart by a key/,
};
for (const [line, said] of Object.entries(KEYS)) {
  test(`the line ${line} is named and refused with 2; the jobs before it are pushed`, async () => {
    const queue = await CloudQueue.place();
    const stdin = `1\n2\n\n3\n4\n5\n${line}\n6\n${line}\n7\n`;
    const { code, stdout, stderr } = await queue.jobq(["push", "--num-workers", "1"], { stdin });
    assertEquals([code, stdout.match(/^[0-9a-f]{32}$/gm)?.length], [2, 5]);
    assertMatch(stderr, /^error: Cannot push line 7 of standard input: Azure Storage Queues cannot/);
    assertMatch(stderr, said);
    assertMatch(stderr, /\nhint: the 5 jobs of the lines before it were pushed; .* SQLite .*jobs\.db\n$/);
    assertEquals(await queue.commands(), ["1", "2", "3", "4", "5"]);
  });
}

test("a first line that asks for what cannot be is named, and nothing is pushed", async () => {
  const queue = await CloudQueue.place();
  const { code, stdout, stderr } = await queue.jobq(["push"], { stdin: '{"cmd": "x", "priority": 1}\n1\n' });
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /Cannot push line 1 of standard input: Azure.*\nhint: nothing was pushed; /);
  assertEquals(await queue.exists(), false);
});

test("a priority of 0 is what every job has", async () => {
  const queue = await CloudQueue.place();
  assertEquals((await queue.jobq(["push", "--priority", "0", "-c", "x"])).code, 0);
});
