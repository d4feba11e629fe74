import { assert, assertEquals } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

test("a worker with one slot passes every byte of a job on", async () => {
  await using queue = await QueueFile.with("head -c 300000 /dev/urandom | tee copy");
  const [id] = await queue.jobs();
  const { code, stdoutBytes } = await queue.process(["worker", "--quiet"], { cwd: queue.directory.path });
  assertEquals([code, id?.attempts], [0, 0]);
  assertEquals(stdoutBytes, await Deno.readFile(queue.directory.join("copy")));
});

test("a worker with one slot adds no line end", async () => {
  await using queue = await QueueFile.with("printf 'a\\rb'", "printf c");
  assertEquals((await queue.process(["worker", "--quiet"])).stdout, "a\rbc");
});

test("a worker with several slots prints whole lines with the id of their job", async () => {
  const commands = Array.from(
    { length: 6 },
    (_, job) => `for i in 1 2 3; do printf "job ${job}"; sleep 0.01; echo " line $i"; done`,
  );
  await using queue = await QueueFile.with(...commands);
  const ids = (await queue.jobs()).map(({ id }) => id);
  const { code, stdout } = await queue.process(["worker", "--quiet", "-n", "3"]);
  assertEquals(code, 0);
  const expected = ids.flatMap((id, job) => [1, 2, 3].map((line) => `${id} | job ${job} line ${line}`));
  assertEquals(stdout.trimEnd().split("\n").toSorted(), expected.toSorted());
});

test("a worker whose output nobody reads runs all its jobs", async () => {
  await using queue = await QueueFile.with(...Array.from({ length: 5 }, () => "head -c 200000 /dev/zero"));
  const { code } = await queue.process(["worker", "--quiet"], {
    through: ["bash", "-c", '"$@" > >(head -c 1 >/dev/null); exit $?', "bash"],
  });
  assertEquals(code, 0);
  assertEquals((await queue.counts()).completed, 5);
});

test("--log-format json makes every line on stderr an object", async () => {
  await using queue = await QueueFile.with("echo out", "exit 3");
  const { code, stdout, stderr } = await queue.process(["worker", "-v", "--log-format", "json"]);
  assertEquals([code, stdout], [0, "out\n"]);
  const records = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert(
    records.every(({ time, level, message }) =>
      /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time) && /^(debug|info|warn|error)$/.test(level) &&
      typeof message === "string"
    ),
  );
  const leaving = records.at(-1);
  assertEquals([leaving.message, leaving.completed, leaving.failed], ["leaving: the queue is empty", 1, 1]);
});

test("a log line without -v is of level info at least", async () => {
  await using queue = await QueueFile.with("true");
  const { stderr } = await queue.jobq(["worker", "--log-format", "json"]);
  const levels = stderr.trimEnd().split("\n").map((line) => JSON.parse(line).level);
  assertEquals(levels, ["info", "info", "info"]);
});
