import { assertEquals } from "../../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { Place } from "./place.ts";
import { putBack, taskText } from "./python_tool.ts";

/** A Python worker takes the next message, fails, and puts it back. */
async function failInPython(place: Place): Promise<void> {
  const { messageId, popReceipt, messageText } = await place.receive();
  await place.messages.updateMessage(messageId, popReceipt, putBack(messageText), 0);
}

test("a job that a Python worker put back is run, with the retries that are left", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("false", { name: "n", env: { A: "1" }, maxAttempts: 3 })]);
  const id = JSON.parse(await place.onlyText()).id;
  await failInPython(place);
  const { job } = await place.next();
  assertEquals([job.id, commandOf(job), job.env], [id, "false", { A: "1" }]);
  // The tool does not count, it only takes away: what it forgot are the attempts, not how many are left.
  assertEquals([job.attempts, job.maxAttempts], [0, 2]);
});

test("retries are handed back and forth until there are none", async () => {
  const place = await Place.make();
  await place.queue.enqueue([shellJob("false", { maxAttempts: 4 })]);
  await failInPython(place);
  await (await place.next()).retry({ delayMs: 0, failure: FAILURE });
  await failInPython(place);
  const { job } = await place.next();
  assertEquals([job.attempts, job.maxAttempts], [0, 1]);
});

test("a program with its arguments goes on as the command line that it is for others", async () => {
  const place = await Place.make();
  await place.queue.enqueue([{ task: { kind: "argv", argv: ["printf", "a b"] }, maxAttempts: 2 }]);
  await failInPython(place);
  assertEquals((await place.next()).job.task, { kind: "shell", command: "printf 'a b'" });
});

test("a function that a Python worker put back fails with the reason", async () => {
  const place = await Place.make();
  await place.queue.enqueue([{ task: { kind: "function", name: "f", payload: 1 }, maxAttempts: 2 }]);
  await failInPython(place);
  const { job } = await place.next();
  assertEquals(commandOf(job), "echo 'jobq: this job is the function f, not a command' >&2; exit 1");
});

test("what a Python worker puts back forty times is not poison", async () => {
  const place = await Place.make();
  await place.put(taskText(undefined, { num_retries: 200 }));
  for (let i = 0; i < 40; i++) await failInPython(place);
  assertEquals((await place.next()).job.executions, 41);
});

test("of what happened before a Python worker put a job back, one delivery at most is taken as lost", async () => {
  const place = await Place.make();
  await place.put(taskText(undefined, { num_retries: 200 }));
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5; i++) await failInPython(place);
    await (await place.next()).release();
    assertEquals(JSON.parse(await place.onlyText()).lost, 1);
  }
});

test("values of an env that are no texts become what Python makes of them", async () => {
  const place = await Place.make();
  const env =
    '{\\"A\\": 1, \\"B\\": 1.50, \\"C\\": true, \\"D\\": false, \\"E\\": null, \\"F\\": 12345678901234567890}';
  await place.put(
    taskText({ cmd: "x" }).replace('\\"cmd\\": \\"x\\"', `\\"cmd\\": \\"x\\", \\"env\\": ${env}`),
  );
  assertEquals((await place.next()).job.env, {
    A: "1",
    B: "1.5",
    C: "True",
    D: "False",
    E: "None",
    F: "12345678901234567890",
  });
});

test("a working directory in the kwargs is the job's, and a null is none", async () => {
  const place = await Place.make();
  await place.put(
    taskText({ cmd: "x", cwd: "/tmp" }),
    taskText({ cmd: "y", cwd: null, env: null, bg_dirsync_to: null }),
  );
  assertEquals((await place.next()).job.cwd, "/tmp");
  const { job } = await place.next();
  assertEquals([job.cwd, job.env, job.bgDirsyncTo], [undefined, {}, undefined]);
});
