import { assertEquals, assertExists, assertMatch } from "../support/assert.ts";
import { JOBQ_WORDS, shell } from "../support/jobq.ts";
import { LIMITED_RIGHTS } from "../support/rights.ts";
import { HAS_SSHD, SSHD } from "../support/sshd.ts";
import { testWhere } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { SshQueue } from "./ssh_queue.ts";

const test = (name: string, fn: () => Promise<void>) => testWhere(HAS_SSHD, SSHD, name, fn);

test("a worker over SSH runs jobs in two slots, each once, and leaves when the queue is empty", async () => {
  await using queue = await SshQueue.make();
  const ran = queue.sshd.directory.join("ran");
  const commands = Array.from({ length: 20 }, (_, n) => ["-c", `echo ${n} >> '${ran}'; echo out ${n}`])
    .flat();
  await queue.jobq(["push", ...commands]);
  const { code, stdout } = await queue.process(["worker", "-n", "2"]);
  assertEquals([code, stdout.match(/out \d+/g)?.length], [0, 20]);
  const lines = (await Deno.readTextFile(ran)).trim().split("\n").map(Number);
  assertEquals(lines.toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n));
  const counts = await queue.look((file) => file.counts());
  assertEquals([counts.completed, counts.unfinished], [20, 0]);
});

test("what a job printed and the result that it left under a worker over SSH are kept over there", async () => {
  await using queue = await SshQueue.with('echo hello; echo \'{"a":1}\' > "$JOBQ_RESULT"');
  assertEquals((await queue.jobq(["pull"])).code, 0);
  const { stdout } = await queue.jobq(["logs", "1"]);
  assertMatch(stdout, /hello/);
  assertEquals((await queue.record(1))?.result, { a: 1 });
});

test("a job is told the address of its queue, with which it can push more", async () => {
  await using queue = await SshQueue.make();
  const script = `
    jobq "$ADDRESS" push -c 'echo "queue=$JOBQ_QUEUE"' -c 'true' > /dev/null &&
    jobq "$ADDRESS" pull && jobq "$ADDRESS" size`;
  const { code, stdout } = await shell(script, { env: { ...queue.sshd.env, ADDRESS: queue.address } });
  assertEquals([code, stdout], [0, `queue=${queue.address}\n1\n`]);
});

test("workers over SSH lists a worker over SSH, and stops it", async () => {
  await using queue = await SshQueue.make();
  await using worker = new WorkerProcess(queue.address, ["--idle-timeout", "forever"], queue.sshd.env);
  const found = assertExists(
    await waitUntil(async () => {
      const { stdout, code } = await queue.jobq(["workers", "--json"]);
      return code === 0 && stdout !== "" ? JSON.parse(stdout) as { id: string; pid: number } : undefined;
    }),
  );
  assertEquals(found.pid, worker.pid);
  assertEquals((await queue.jobq(["workers", "stop", found.id])).code, 0);
  assertEquals(await worker.ended(), 0);
});

test("a job that is cancelled over there stops under a worker over SSH", async () => {
  await using queue = await SshQueue.with("sleep 1000");
  await using worker = new WorkerProcess(queue.address, [], queue.sshd.env);
  const stateOf = async () => (await queue.record(1))?.state;
  await waitUntil(async () => await stateOf() === "running");
  await queue.jobq(["cancel", "1"]);
  assertEquals(await worker.ended(), 0);
  assertEquals(await stateOf(), "cancelled");
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`a worker over SSH gives its job back when ${signal} goes to all that it started`, async () => {
    await using queue = await SshQueue.with('echo > "$MARK"; sleep 1000');
    const mark = queue.sshd.directory.join("mark");
    const [program = "", ...words] = JOBQ_WORDS;
    const worker = new Deno.Command(program, {
      args: [...words, queue.address, "worker"],
      env: { ...queue.sshd.env, MARK: mark },
      // A group of its own, as a shell makes for each command line on a terminal.
      detached: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const output = worker.output();
    await waitUntil(() => Deno.stat(mark).then(() => true, () => false));
    Deno.kill(-worker.pid, signal);
    const stderr = new TextDecoder().decode((await output).stderr);
    assertEquals((await output).code, code, stderr);
    const record = await queue.record(1);
    assertEquals([record?.state, record?.attempts], ["pending", 0], stderr);
    assertMatch(stderr, /leaving: interrupted .*released=1 lost=0\n$/);
    // Over the connection that there was.
    assertEquals((await queue.sshd.log()).match(/Accepted publickey/g)?.length, 1);
  });
}

test("a connection that breaks under a worker is made anew, and its jobs are done once", async () => {
  await using queue = await SshQueue.make();
  const ran = queue.sshd.directory.join("ran");
  await queue.jobq(["push", "-c", `echo x >> '${ran}'; until [ -e '${ran}.go' ]; do sleep 0.05; done`]);
  await using worker = new WorkerProcess(queue.address, [], queue.sshd.env);
  await waitUntil(() => Deno.stat(ran).then(() => true, () => false));
  await queue.sshd.breakConnections();
  await Deno.writeTextFile(`${ran}.go`, "");
  assertEquals(await worker.ended(), 0);
  assertEquals(await Deno.readTextFile(ran), "x\n");
  assertEquals((await queue.record(1))?.state, "completed");
});

test("a queue over SSH works with the rights of the tool as it is shipped, and with variables of the linker", async () => {
  await using queue = await SshQueue.with("true");
  const { code, stdout, stderr } = await runProgram(queue, ["size"]);
  assertEquals([code, stdout, stderr], [0, "1\n", ""]);
});

/** Runs jobq with limited rights, as on a machine with GPUs. */
async function runProgram({ address, sshd }: SshQueue, words: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...LIMITED_RIGHTS, JOBQ_WORDS.at(-1) ?? "", address, ...words],
    env: { ...sshd.env, LD_LIBRARY_PATH: "/usr/local/cuda/lib64" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
