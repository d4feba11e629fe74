import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";

test("size prints how many jobs are not finished: ready, running and delayed ones", async () => {
  await using queue = await BusQueue.with("a", "b", "c");
  await queue.take();
  await queue.jobq(["push", "--delay", "1h", "-c", "later"]);
  assertEquals(await queue.jobq(["size"]), { code: 0, stdout: "4\n", stderr: "" });
});

test("size --states and --json tell active, delayed and dead jobs apart", async () => {
  await using queue = await BusQueue.with("exit 1", "b", "c", "d");
  assertEquals((await queue.jobq(["pull", "--quiet"])).code, 1);
  await queue.take();
  await queue.jobq(["push", "--delay", "1h", "-c", "later", "-c", "too"]);
  assertEquals((await queue.jobq(["size", "--states"])).stdout, "active   3\ndelayed  2\nfailed   1\n");
  assertEquals((await queue.jobq(["size", "--json"])).stdout, '{"active":3,"delayed":2,"failed":1}\n');
});

for (const words of [["size"], ["peek"], ["clear", "--yes"], ["pull"], ["dead", "list"]]) {
  test(`${words.join(" ")} of a Service Bus queue that is not there exits with 3 and makes none`, async () => {
    await using queue = await BusQueue.place();
    const { code, stdout, stderr } = await queue.jobq(words);
    assertEquals([code, stdout, queue.exists], [3, "", false], stderr);
    assertMatch(stderr, /error: Cannot .* "sb:\/\/localhost:\d+\/q": there is no such queue\n/);
  });
}

test("peek shows a table of jobs, and changes nothing", async () => {
  await using queue = await BusQueue.with("echo hello", "echo bye");
  const before = queue.view.all;
  const { code, stdout, stderr } = await queue.jobq(["peek"]);
  assertEquals([code, stderr], [0, ""]);
  const [head, row, ...rest] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals([head, rest.length], [["ID", "AGE", "ATTEMPT", "JOB"], 1]);
  assertEquals([row?.[0], row?.[2], row?.[3]], ["266bef3ccf2103cfba150a50de23f625", "1/1", "echo hello"]);
  assertEquals(queue.view.all, before);
});

test("peek shows when delayed jobs are due", async () => {
  await using queue = await BusQueue.with("a");
  await queue.jobq(["push", "--delay", "3d", "-c", "later"]);
  const rows = (await queue.jobq(["peek"])).stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(rows.map((row) => row[2]?.replace(/^in .*/, "in")), ["DUE", "now", "in"]);
});

test("peek --json prints an object of the usual shape a line", async () => {
  await using queue = await BusQueue.place();
  await queue.jobq(["push", "--num-retries", "2", "-e", "TOKEN=hunter2", "--name", "n", "-c", "echo hello"]);
  const { id, created_at, ...job } = JSON.parse((await queue.jobq(["peek", "--json"])).stdout);
  assertMatch(id, /^[0-9a-f]{32}$/);
  assertMatch(created_at, /^\d{4}-\d\d-\d\dT.*Z$/);
  assertEquals(job, {
    state: "pending",
    name: "n",
    cmd: "echo hello",
    env: ["TOKEN"],
    priority: 0,
    attempts: 0,
    max_attempts: 3,
  });
});

for (const [limit, shown] of [["300", 300], ["-1", 305], ["7", 7]] as const) {
  test(`peek -n ${limit} shows ${shown} of 305 jobs, and says nothing`, async () => {
    await using queue = await BusQueue.with();
    const stdin = Array.from({ length: 305 }, (_, index) => `echo ${index}\n`).join("");
    await queue.jobq(["push"], { stdin });
    const { code, stdout, stderr } = await queue.jobq(["peek", "--json", "-n", limit]);
    assertEquals([code, stderr], [0, ""]);
    const commands = stdout.trimEnd().split("\n").map((line): string => JSON.parse(line).cmd);
    assertEquals(commands, Array.from({ length: shown }, (_, index) => `echo ${index}`));
  });
}

test("peek shows a message that is no job as what it is", async () => {
  await using queue = await BusQueue.with();
  await queue.send("neither JSON nor a job");
  assertMatch((await queue.jobq(["peek"])).stdout, /\(not a job: neither JSON nor a job/);
});

test("peek of an empty queue says so", async () => {
  await using queue = await BusQueue.with();
  assertEquals(await queue.jobq(["peek"]), { code: 0, stdout: "", stderr: "no jobs are waiting\n" });
});
