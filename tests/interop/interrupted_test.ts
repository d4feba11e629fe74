import { assertEquals, assertMatch } from "../support/assert.ts";
import { TempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { interopTest } from "./support/python_tool.ts";
import { SharedQueue } from "./support/shared_queue.ts";

/** Pushes a job that stays when it runs for the first time, and ends when it does so again. */
async function pushStaying(queue: SharedQueue, out: string): Promise<void> {
  await queue.jobq(["push", "-c", `echo run >> ${out}; test $(wc -l < ${out}) -ge 2 || exec sleep 60`]);
}

async function untilRunning(out: string): Promise<void> {
  await waitUntil(() => Deno.readTextFile(out).catch(() => ""), { what: "the job's start" });
}

interopTest("a job of an interrupted Python worker is finished by jobq, and no retry is used", async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  await pushStaying(queue, dir.join("out"));
  await using worker = await queue.pythonWorker();
  await untilRunning(dir.join("out"));
  worker.signal("SIGTERM");
  const text = await queue.onlyText();
  assertEquals(JSON.parse(text).num_retries, 0);
  // What it leaves behind in the job is not to disturb jobq.
  assertMatch(text, /_job_id/);
  await queue.jobq(["worker"]);
  assertEquals(await Deno.readTextFile(dir.join("out")), "run\nrun\n");
  assertEquals(await queue.counts(), { messages: 0, dead: 0 });
});

interopTest(
  "a job of an interrupted jobq worker is finished by the Python tool, and no retry is used",
  async () => {
    await using dir = await TempDir.make();
    const queue = await SharedQueue.make();
    await pushStaying(queue, dir.join("out"));
    await using worker = queue.jobqWorker();
    await untilRunning(dir.join("out"));
    worker.signal("SIGTERM");
    assertEquals(await worker.ended(), 143);
    assertEquals(JSON.parse(await queue.onlyText()).num_retries, 0);
    await queue.python(["pull"]);
    assertEquals(await Deno.readTextFile(dir.join("out")), "run\nrun\n");
    assertEquals(await queue.counts(), { messages: 0, dead: 0 });
  },
);

interopTest("a job of a killed Python worker comes back to jobq when its time is over", async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  const out = dir.join("out");
  await queue.python(["push", "-c", `echo run >> ${out}; test $(wc -l < ${out}) -ge 2 || exec sleep 2`]);
  await using worker = await queue.pythonWorker(["--visibility-timeout", "5s"]);
  await untilRunning(out);
  await worker.kill();
  await queue.onlyText();
  await queue.jobq(["pull"]);
  assertEquals(await Deno.readTextFile(out), "run\nrun\n");
  assertEquals(await queue.counts(), { messages: 0, dead: 0 });
});

interopTest("a job of a killed jobq worker comes back to the Python tool when its time is over", async () => {
  await using dir = await TempDir.make();
  const queue = await SharedQueue.make();
  await pushStaying(queue, dir.join("out"));
  await using worker = queue.jobqWorker(["--visibility-timeout", "5s"]);
  await untilRunning(dir.join("out"));
  worker.signal("SIGKILL");
  await worker.ended();
  await queue.onlyText();
  await queue.python(["pull"]);
  assertEquals(await Deno.readTextFile(dir.join("out")), "run\nrun\n");
  assertEquals(await queue.counts(), { messages: 0, dead: 0 });
});
