import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** A queue with jobs in every state. */
async function inAllStates(): Promise<QueueFile> {
  const queue = await QueueFile.make();
  await queue.dead("dead");
  await queue.pushed("done", "running", "ready 1", "ready 2", "ready 3");
  await queue.jobq(["push", "--delay", "1h", "-c", "delayed"]);
  await queue.jobq(["push", "--after", "6", "-c", "blocked 1", "-c", "blocked 2"]);
  await queue.look(async (handle) => {
    await (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack();
    // Left running when the handle is closed: the lease is not disposed.
    await handle.lease({ leaseMs: 60_000, waitMs: 0 });
  });
  return queue;
}

test("size prints the number of jobs that are not finished", async () => {
  await using queue = await inAllStates();
  assertEquals(await queue.process(["size"]).then(({ code, stdout, stderr }) => ({ code, stdout, stderr })), {
    code: 0,
    stdout: "7\n",
    stderr: "",
  });
});

test("size --json prints an object of all states", async () => {
  await using queue = await inAllStates();
  const { stdout } = await queue.jobq(["size", "--json"]);
  assertEquals(JSON.parse(stdout), {
    blocked: 2,
    ready: 3,
    delayed: 1,
    running: 1,
    completed: 1,
    failed: 1,
    timeout: 0,
    cancelled: 0,
  });
});

test("size --states prints a table of all states", async () => {
  await using queue = await inAllStates();
  const { stdout } = await queue.jobq(["size", "--states"]);
  assertEquals(
    stdout,
    "blocked    2\nready      3\ndelayed    1\nrunning    1\ncompleted  1\nfailed     1\ntimeout    0\ncancelled  0\n",
  );
});

test("size of a queue without jobs is 0", async () => {
  await using queue = await QueueFile.with();
  assertEquals((await queue.jobq(["size"])).stdout, "0\n");
});

test("peek prints a table of the next jobs on stdout and takes none", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--name", "first", "--num-retries", "2", "--priority", "3", "-c", "echo 1"]);
  await queue.jobq(["push", "--delay", "1h", "--", "prog", "a b"]);
  const { code, stdout, stderr } = await queue.process(["peek"]);
  assertEquals([code, stderr], [0, ""]);
  const [first, second] = await queue.jobs();
  const [head, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(head, ["ID", "PRIO", "AGE", "DUE", "ATTEMPT", "JOB"]);
  assertEquals(
    rows.map(([id, priority, , due, ...rest]) => [id, priority, due?.replace(/59m\d+s|1h/, "1h"), ...rest]),
    [
      [first?.id, "3", "now", "1/3", "first: echo 1"],
      [second?.id, "0", "in 1h", "1/1", "prog a b"],
    ],
  );
  assertEquals((await queue.counts()).ready, 1);
});

test("peek shows ten jobs unless told otherwise", async () => {
  await using queue = await QueueFile.with(...Array.from({ length: 12 }, (_, index) => `echo ${index}`));
  assertEquals((await queue.jobq(["peek", "--json"])).stdout.match(/\n/g)?.length, 10);
});

for (
  const [words, count] of [[["-n", "2"], 2], [["-n3"], 3], [["--limit=1"], 1], [["-n", "-1"], 12]] as const
) {
  test(`peek ${words.join(" ")} shows ${count} of 12 jobs`, async () => {
    await using queue = await QueueFile.with(...Array.from({ length: 12 }, (_, index) => `echo ${index}`));
    assertEquals((await queue.jobq(["peek", "--json", ...words])).stdout.match(/\n/g)?.length, count);
  });
}

for (const limit of ["0", "-2", "x"]) {
  test(`peek -n ${limit} exits with 2`, async () => {
    await using queue = await QueueFile.with("a");
    const { code, stderr } = await queue.jobq(["peek", "-n", limit]);
    assertEquals(code, 2);
    assertMatch(stderr, new RegExp(`Cannot use "${limit}" for --limit`));
  });
}

test("peek --json prints an object a line with all that a job is, of its env only the names", async () => {
  await using queue = await QueueFile.make();
  const options = [
    "--name",
    "n",
    "--cwd",
    "/tmp",
    "--retry-delay",
    "2s",
    "--timeout",
    "3s",
    "--num-retries",
    "1",
    "--delay",
    "1h",
    "--key",
    "k",
  ];
  await queue.jobq(["push", "-e", "TOKEN=hunter2", ...options, "-c", "echo 1"]);
  await queue.jobq(["push", "--priority", "-1", "--", "prog", "a b"]);
  const { stdout } = await queue.jobq(["peek", "--json"]);
  const [second, first] = await queue.jobs();
  const iso = (at = 0) => new Date(at).toISOString();
  assertEquals(stdout.trimEnd().split("\n").map((line) => JSON.parse(line)).toReversed(), [
    {
      id: first?.id,
      state: "pending",
      name: "n",
      cmd: "echo 1",
      env: ["TOKEN"],
      cwd: "/tmp",
      priority: 0,
      key: "k",
      attempts: 0,
      max_attempts: 2,
      retry_delay_ms: 2_000,
      timeout_ms: 3_000,
      created_at: iso(first?.createdAt),
      visible_at: iso(first?.visibleAt),
    },
    {
      id: second?.id,
      state: "pending",
      cmd: ["prog", "a b"],
      env: [],
      priority: -1,
      attempts: 0,
      max_attempts: 1,
      created_at: iso(second?.createdAt),
    },
  ]);
});

test("peek on a queue without waiting jobs says so on stderr and prints nothing", async () => {
  await using queue = await QueueFile.with();
  assertEquals(await queue.jobq(["peek"]), { code: 0, stdout: "", stderr: "no jobs are waiting\n" });
});

test("peek --json on a queue without waiting jobs prints and says nothing", async () => {
  await using queue = await QueueFile.with();
  assertEquals(await queue.jobq(["peek", "--json"]), { code: 0, stdout: "", stderr: "" });
});

test("peek keeps a job on a line, whatever its name and command hold", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--name", "a\n\x1b[2Jb", "-c", "echo 1\necho \x1b[31m\r\x9b2J"]);
  const { stdout } = await queue.jobq(["peek"]);
  // deno-lint-ignore no-control-regex
  assertEquals(stdout.match(/[\x00-\x1f\x7f-\x9f]/g), ["\n", "\n"]);
  assertMatch(stdout, /a \[2Jb: echo 1 echo/);
});

test("peek cuts its lines at the width of a terminal", async () => {
  await using queue = await QueueFile.with("x".repeat(200));
  const { stdout } = await queue.jobq(["peek"], { terminals: ["stdout"], columns: 60 });
  assertEquals(stdout.trimEnd().split("\n").at(-1)?.length, 60);
});
