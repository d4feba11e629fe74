import { QueueSASPermissions, QueueServiceClient } from "@azure/storage-queue";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { connectionString } from "../support/azurite.ts";
import { runMain } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";
import { CloudQueue, taskText } from "./cloud_queue.ts";

test("size prints how many messages there are, taken ones too", async () => {
  const queue = await CloudQueue.with("a", "b", "c");
  await queue.take();
  assertEquals(await queue.jobq(["size"]), { code: 0, stdout: "3\n", stderr: "" });
});

test("size --states and --json print what is known", async () => {
  const queue = await CloudQueue.with("a", "b");
  await queue.sendDead(taskText("x", "c"));
  assertEquals((await queue.jobq(["size", "--states"])).stdout, "unfinished  2\nfailed      1\n");
  assertEquals((await queue.jobq(["size", "--json"])).stdout, '{"unfinished":2,"failed":1}\n');
});

test("size with a SAS of the queue alone prints what it may count", async () => {
  const queue = await CloudQueue.with("a", "b");
  const service = QueueServiceClient.fromConnectionString(await connectionString());
  const url = service.getQueueClient(queue.address.split("/")[1] ?? "").generateSasUrl({
    permissions: QueueSASPermissions.parse("raup"),
    expiresOn: new Date(Date.now() + 600_000),
  });
  const words = ["--sas", new URL(url).search, "--endpoint", service.url.replace(/\/$/, ""), queue.address];
  assertEquals((await runMain([...words, "size", "--quiet"])).stdout, "2\n");
  assertEquals((await runMain([...words, "size", "--json", "--quiet"])).stdout, '{"unfinished":2}\n');
});

for (const words of [["size"], ["peek"], ["clear", "--yes"], ["pull"]]) {
  test(`${words.join(" ")} of a queue that is not there exits with 3 and makes none`, async () => {
    const queue = await CloudQueue.place();
    const { code, stdout, stderr } = await queue.jobq(words);
    assertEquals([code, stdout], [3, ""]);
    assertMatch(stderr, /error: Cannot .* "devstoreaccount1\/test-.*": there is no such queue\n/);
    assertEquals(await queue.exists(), false);
  });
}

test("peek shows a table without the columns that mean nothing here", async () => {
  const queue = await CloudQueue.with("echo hello");
  const { code, stdout, stderr } = await queue.jobq(["peek"]);
  assertEquals([code, stderr], [0, ""]);
  const [head, row] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(head, ["ID", "AGE", "ATTEMPT", "JOB"]);
  assertEquals([row?.[0], row?.[2], row?.[3]], ["266bef3ccf2103cfba150a50de23f625", "1/1", "echo hello"]);
});

test("peek --json prints an object of the usual shape a line", async () => {
  const queue = await CloudQueue.place();
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

test("peek shows a message that is no job as what it is", async () => {
  const queue = await CloudQueue.with();
  await queue.send("neither JSON nor a job");
  assertMatch((await queue.jobq(["peek"])).stdout, /\(not a job: neither JSON nor a job/);
});

const NOTE = /^there may be more: devstoreaccount1\/test-\S+ shows no more than 32\n$/;

test("peek -n beyond what the service shows prints that and says so in a line, also with --json", async () => {
  const queue = await CloudQueue.with(...Array.from({ length: 34 }, (_, index) => `echo ${index}`));
  for (const limit of ["33", "-1"]) {
    const { code, stdout, stderr } = await queue.jobq(["peek", "--json", "-n", limit]);
    assertEquals([code, stdout.match(/\n/g)?.length], [0, 32]);
    assertMatch(stderr, NOTE);
  }
  assertMatch((await queue.jobq(["peek", "-n", "100"])).stderr, NOTE);
  assertEquals((await queue.jobq(["peek", "-n", "32"])).stderr, "");
});

test("peek -n beyond what the service shows says nothing when there are fewer", async () => {
  const queue = await CloudQueue.with("a", "b");
  const { stdout, stderr } = await queue.jobq(["peek", "--json", "-n", "-1"]);
  assertEquals([stdout.match(/\n/g)?.length, stderr], [2, ""]);
});
