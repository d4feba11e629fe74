import { assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

test("push prints an id a line on stdout, and nothing on stderr", async () => {
  await using queue = await QueueFile.make();
  const { code, stdout, stderr } = await queue.process(["push", "-c", "echo 1", "-c", "echo 2"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, (await queue.jobs()).map(({ id }) => `${id}\n`).join(""));
  assertEquals(await queue.commands(), ["echo 1", "echo 2"]);
});

test("push --json prints an object with the id a line", async () => {
  await using queue = await QueueFile.make();
  const { stdout } = await queue.jobq(["push", "--json", "-c", "a", "-c", "b"]);
  assertEquals(stdout, (await queue.jobs()).map(({ id }) => `${JSON.stringify({ id })}\n`).join(""));
});

test("push -c takes a command that begins with a dash", async () => {
  await using queue = await QueueFile.make();
  assertEquals((await queue.jobq(["push", "-c", "-x"])).code, 0);
  assertEquals(await queue.commands(), ["-x"]);
});

test("push -c takes a JSON object with cmd as a line of input, and anything else as a command", async () => {
  await using queue = await QueueFile.make();
  const [group, other] = ["{ echo b; }", '{"no": "cmd"}'] as const;
  const texts = ['{"cmd": ["echo", "a"], "num_retries": 2}', group, other];
  await queue.jobq(["push", ...texts.flatMap((text) => ["-c", text])]);
  const jobs = await queue.look((handle) => handle.peek(9));
  assertEquals(jobs.map(({ task, maxAttempts }) => [task, maxAttempts]), [
    [{ kind: "argv", argv: ["echo", "a"] }, 3],
    [{ kind: "shell", command: group }, 1],
    [{ kind: "shell", command: other }, 1],
  ]);
});

test("push names the -c whose JSON is wrong, and pushes none", async () => {
  await using queue = await QueueFile.make();
  for (const wrong of ['{"cmd": "x", "what": 1}', '{"cmd": "x", "after": "y"}', '{"cmd": "x", "key": "y"}']) {
    const { code, stdout, stderr } = await queue.jobq(["push", "-c", "true", "-c", wrong]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /^error: Cannot push command 2: .*\nhint: /);
  }
  assertEquals((await queue.jobq(["size"])).code, 3);
});

test("push takes all that stands after -- as a program and its arguments", async () => {
  await using queue = await QueueFile.make();
  const argv = ["echo", "a b", "-c", "--help", "--", ""];
  assertEquals((await queue.process(["push", "--", ...argv])).code, 0);
  assertEquals((await queue.jobs()).map(({ task }) => task), [{ kind: "argv", argv }]);
});

test("push gives its options to each command", async () => {
  await using queue = await QueueFile.make();
  const options = [
    "--cwd",
    "/tmp",
    "--name=x",
    "--num-retries",
    "2",
    "--retry-delay",
    "5s",
    "--timeout",
    "1m",
  ];
  await queue.jobq(["push", "-e", "A=1", "-e", "B=x=y", "-e", "C=", ...options, "-c", "1", "-c", "2"]);
  const told = (await queue.jobs()).map(({ env, cwd, name, maxAttempts, retryDelayMs, timeoutMs }) => (
    { env, cwd, name, maxAttempts, retryDelayMs, timeoutMs }
  ));
  const each = {
    env: { A: "1", B: "x=y", C: "" },
    cwd: "/tmp",
    name: "x",
    maxAttempts: 3,
    retryDelayMs: 5_000,
    timeoutMs: 60_000,
  };
  assertEquals(told, [each, each]);
});

test("push --delay keeps the job from being ready", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--delay", "1h", "-c", "true"]);
  const [job] = await queue.jobs();
  assertEquals((job?.visibleAt ?? 0) - (job?.createdAt ?? 0), 3_600_000);
  assertEquals((await queue.counts()).delayed, 1);
});

test("push without anything on standard input pushes nothing and is done", async () => {
  await using queue = await QueueFile.make();
  assertEquals(await queue.jobq(["push"]), { code: 0, stdout: "", stderr: "" });
});

test("push says on a terminal what it waits for", async () => {
  await using queue = await QueueFile.make();
  const { stderr } = await queue.jobq(["push"], { terminals: ["stdin"] });
  assertEquals(stderr, "Reading jobs, one a line; Ctrl-D ends.\n");
});

test("push refuses commands both after -c and after --", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["push", "-c", "a", "--", "b"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot push both -c and a program after --\nhint: /);
});

test("push refuses a command without -c, and says how it is given", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["push", "echo hello"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot use "echo hello": nothing is expected there\nhint: .*-c 'CMD'/);
});

for (const durability of ["full", "normal"]) {
  test(`push --durability ${durability} pushes`, async () => {
    await using queue = await QueueFile.make();
    assertEquals((await queue.jobq(["push", "--durability", durability, "-c", "x"])).code, 0);
    assertEquals(await queue.commands(), ["x"]);
  });
}

test("push --durability refuses another word with the list of those there are", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await queue.jobq(["push", "--durability", "some", "-c", "x"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot use "some" for --durability.*\nhint: one of full, normal/);
});
