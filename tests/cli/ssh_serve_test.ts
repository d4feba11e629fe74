import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

const BAD: Readonly<Record<string, RegExp>> = {
  "serve jobs.db": /^error: Cannot serve a queue: --stdio is missing\nhint: .*ssh:\/\/HOST\/PATH\n$/,
  "serve --stdio": /^error: Cannot go on: PATH is missing\n/,
  "serve --stdio a.db b.db": /Cannot use "b\.db": nothing is expected there\n/,
  "jobs.db serve --stdio a.db": /^error: Cannot serve two queues\n/,
  "serve --stdio a.db -q b.db": /^error: Cannot serve two queues\n/,
  "serve --stdio ssh://ann:s3cret@login/q":
    /^error: Cannot serve "ssh:\/\/ann:\*\*\*@login\/q": it is not a file or directory of this host\n/,
  "serve --stdio sb://namespace/queue": /it is not a file or directory of this host\n/,
  "serve --stdio account/queue": /it is not a file or directory of this host\n/,
  "serve --stdio nothing": /Cannot use "nothing" as a queue: it has none of the known forms\n/,
};
for (const [line, said] of Object.entries(BAD)) {
  test(`${line} is refused with 2, and nothing is written to stdout`, async () => {
    const { code, stdout, stderr } = await runMain(line.split(" "));
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, said);
    assert(!stderr.includes("s3cret"), stderr);
  });
}

test("the queue that $JOBQ names is not that of jobq serve", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stderr } = await runMain(["serve", "--stdio"], { env: { JOBQ: queue.path } });
  assertEquals(code, 2);
  assertMatch(stderr, /PATH is missing/);
});

test("--remote-jobq with a queue that is not reached over SSH is refused with 2, and no file is made", async () => {
  await using file = await QueueFile.make();
  const { code, stdout, stderr } = await file.jobq(["push", "--remote-jobq", "~/jobq", "-c", "x"]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    `error: Cannot use --remote-jobq with "${file.path}": it is not reached over SSH\n` +
      "hint: name a queue like ssh://HOST/PATH, or leave the option out\n",
  );
  assertEquals([...Deno.readDirSync(file.directory.path)], []);
});

test("an empty --remote-jobq is refused with 2", async () => {
  const { code, stderr } = await runMain(["ssh://login/q", "size", "--remote-jobq", ""]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot use "" for --remote-jobq: it is empty\n/);
});

for (const name of ["~/", "a\0b"]) {
  test(`${JSON.stringify(name)} in $JOBQ_REMOTE_JOBQ is refused with 2`, async () => {
    const { code, stderr } = await runMain(["ssh://login/q", "size"], { env: { JOBQ_REMOTE_JOBQ: name } });
    assertEquals(code, 2);
    assertMatch(stderr, /as the jobq on another host: it names no file\nhint: name it like jobq/);
  });
}

test("what $JOBQ_REMOTE_JOBQ names does not matter for a queue on this host", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stdout } = await queue.jobq(["size"], { env: { JOBQ_REMOTE_JOBQ: "~/" } });
  assertEquals([code, stdout], [0, "1\n"]);
});

test("without ssh, a queue over SSH is out of reach with 5, and it is said what to install", async () => {
  const { code, stdout, stderr } = await runMain(["ssh://login/q", "size"], { env: { PATH: "/nowhere" } });
  assertEquals([code, stdout], [5, ""]);
  assertMatch(
    stderr,
    /^error: Cannot reach "ssh:\/\/login\/q": ssh is not on this machine\nhint: install OpenSSH's/,
  );
});
