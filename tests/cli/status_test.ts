import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** A queue with a job that was run to its end by a worker; answers what `status` says of it. */
async function statusAfter(push: readonly string[], words: readonly string[] = []): Promise<string> {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", ...push]);
  await queue.process(["worker", "--quiet", "--max-consecutive-failures=none"]);
  const { code, stdout, stderr } = await queue.process(["status", "1", ...words]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

/** The values of the block by their labels. */
function fieldsOf(text: string): Map<string, string> {
  const lines = text.split("\n\n")[0]?.split("\n").slice(1) ?? [];
  return new Map(lines.map((line) => {
    const [, label = "", value = ""] = /^ {2}(.*?)(?: {2,}|$)(.*)$/.exec(line) ?? [];
    return [label, value];
  }));
}

test("status shows all that is known of a completed job", async () => {
  const options = ["--name", "train", "--cwd", "/tmp", "-e", "SEED=1", "-e", "A=2", "--priority", "5"];
  const text = await statusAfter([...options, "-c", 'echo \'{"sum": 3}\' > "$JOBQ_RESULT"; echo done']);
  const fields = fieldsOf(text);
  assertMatch(text, /^1-\w+ {2}completed\n/);
  const plain = ["name", "directory", "environment", "priority", "attempts", "exit", "result"];
  assertEquals(plain.map((label) => fields.get(label)), [
    "train",
    "/tmp",
    "SEED, A",
    "5",
    "1/1",
    "0",
    '{"sum":3}',
  ]);
  for (const label of ["pushed", "started", "finished"]) {
    assertMatch(fields.get(label) ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.* ago\)$/);
  }
  assertMatch(fields.get("took") ?? "", /^[\d.]+m?s$/);
  assertEquals(fields.has("error"), false);
});

test("status shows an execution a line, and the last output of the newest", async () => {
  const text = await statusAfter([
    "--num-retries=1",
    "--retry-delay=1ms",
    "-c",
    'echo "try $JOBQ_ATTEMPT"; exit $((JOBQ_ATTEMPT + 1))',
  ]);
  const [block = "", table = "", output = ""] = text.split("\n\n");
  assertEquals(fieldsOf(block).get("error"), "exit code 3");
  const [head, ...rows] = table.split("\n").map((line) => line.trim().split(/ {2,}/));
  assertEquals(head, ["EXECUTION", "WORKER", "STARTED", "TOOK", "OUTCOME", "EXIT", "ERROR"]);
  assertEquals(rows.map(([number, , , , ...rest]) => [number, ...rest]), [
    ["1", "failed", "2", "exit code 2"],
    ["2", "failed", "3", "exit code 3"],
  ]);
  assertEquals(output, "last output of execution 2:\n  try 2\n");
});

test("status --json prints an object with everything", async () => {
  const line = await statusAfter(["--num-retries=1", "-c", 'echo hi; echo 7 > "$JOBQ_RESULT"'], ["--json"]);
  const { history, created_at, updated_at, started_at, finished_at, took_ms, worker_id, ...rest } = JSON
    .parse(line);
  assertEquals(rest, {
    id: rest.id,
    state: "completed",
    cmd: 'echo hi; echo 7 > "$JOBQ_RESULT"',
    env: [],
    priority: 0,
    attempts: 1,
    max_attempts: 2,
    executions: 1,
    exit_code: 0,
    result: 7,
    parents: [],
    children: [],
  });
  const instants = [created_at, started_at, finished_at];
  for (const instant of instants) assertMatch(instant, /^\d{4}-\d\d-\d\dT.*Z$/);
  assertEquals(instants, instants.toSorted());
  assertEquals(updated_at, finished_at);
  assertEquals(took_ms, Date.parse(finished_at) - Date.parse(started_at));
  const [{ started_at: began, ended_at: ended, ...execution }] = history;
  assertEquals([began, ended], [started_at, finished_at]);
  assertEquals(execution, { number: 1, worker_id, outcome: "completed", exit_code: 0, output: "hi" });
});

test("status --json of a failed job has its error, exit code and failure", async () => {
  const { state, exit_code, error, failure, history: [execution] } = JSON.parse(
    await statusAfter(["-c", "echo last words; exit 3"], ["--json"]),
  );
  assertEquals([state, exit_code, error], ["failed", 3, "exit code 3"]);
  assertEquals([failure.kind, failure.exit_code, failure.output], ["failed", 3, "last words"]);
  assertEquals([execution.outcome, execution.exit_code, execution.error], ["failed", 3, "exit code 3"]);
});

test("status names the signal that ended a job", async () => {
  const line = await statusAfter(["-c", "kill -SEGV $$"], ["--json"]);
  const { signal, exit_code } = JSON.parse(line);
  assertEquals([signal, exit_code], ["SIGSEGV", undefined]);
});

test("status says why what a job left is not its result", async () => {
  const { warning, result, state } = JSON.parse(
    await statusAfter(["-c", 'echo nonsense > "$JOBQ_RESULT"'], ["--json"]),
  );
  assertEquals([state, result], ["completed", undefined]);
  assertMatch(warning, /not JSON/);
});

test("status cuts a long result, --json does not", async () => {
  await using queue = await QueueFile.with("true");
  const result = "x".repeat(5_000);
  await queue.look(async (handle) => (await handle.lease({ leaseMs: 60_000, waitMs: 0 }))?.ack(result));
  const { stdout } = await queue.jobq(["status", "1"]);
  assertMatch(stdout, /^ {2}result +"x{999}… \(5002 characters; --json has all\)$/m);
  assertEquals(JSON.parse((await queue.jobq(["status", "1", "--json"])).stdout).result, result);
});

test("status shows the values of the environment only with --show-env", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "-e", "TOKEN=hunter2", "-e", "A=b c", "-c", "true"]);
  const shown = await Promise.all([[], ["--json"]].map((words) => queue.jobq(["status", "1", ...words])));
  assert(shown.every(({ stdout }) => stdout.includes("TOKEN") && !stdout.includes("hunter2")));
  const { stdout } = await queue.jobq(["status", "1", "--show-env"]);
  assertMatch(stdout, /\n {2}environment +TOKEN=hunter2\n +A=b c\n/);
  const { env } = JSON.parse((await queue.jobq(["status", "1", "--show-env", "--json"])).stdout);
  assertEquals(env, { TOKEN: "hunter2", A: "b c" });
});

test("status shows what a job waits for, and what waits for it", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queue.dead("a");
  const [second] = await queue.pushed("b");
  const { stdout: pushed } = await queue.jobq(["push", "--after", `${first}:any,${second}`, "-c", "c"]);
  const child = pushed.trim();
  const { stdout } = await queue.jobq(["status", child]);
  const parents = `${second}: pending, waited for\n +${first} \\(any\\): failed\n`;
  assertMatch(stdout, new RegExp(`^${child}  blocked\n[^]*\n  after +${parents}`));
  assertMatch((await queue.jobq(["status", `${second}`])).stdout, new RegExp(`\n  children +${child}\n`));
  const json = JSON.parse((await queue.jobq(["status", child, "--json"])).stdout);
  assertEquals(json.parents, [
    { id: first, when: "any", state: "failed", satisfied: true },
    { id: second, when: "ok", state: "pending", satisfied: false },
  ]);
});

test("status names ten of many children", async () => {
  await using queue = await QueueFile.with("a");
  await queue.jobq(["push", "--after", "1", ...Array.from({ length: 13 }, () => ["-c", "true"]).flat()]);
  assertMatch(
    (await queue.jobq(["status", "1"])).stdout,
    /\n {2}children +2-\w+, (\d+-\w+, ){9}and 3 more\n/,
  );
});

test("status of several jobs prints a block each", async () => {
  await using queue = await QueueFile.with("a", "b");
  const { stdout } = await queue.jobq(["status", "2", "1"]);
  assertMatch(stdout, /^2-\w+ {2}pending\n[^]*\n\n1-\w+ {2}pending\n/);
  const { stdout: json } = await queue.jobq(["status", "2", "1", "--json"]);
  assertEquals(json.trimEnd().split("\n").map((line) => JSON.parse(line).cmd), ["b", "a"]);
});

test("status shows the lines of a command, and lets no control character through", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push", "--name", "a\x1b[2Jb", "-c", "echo 1\necho \x1b[31m2\r\x9b2J"]);
  const { stdout } = await queue.jobq(["status", "1"]);
  // deno-lint-ignore no-control-regex
  assertEquals(stdout.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g), null);
  assertMatch(stdout, /\n {2}command +echo 1\n +echo +\[31m2 2J\n/);
});

test("status of an unknown id exits with 2 and prints nothing", async () => {
  await using queue = await QueueFile.with("a");
  assertEquals(await queue.jobq(["status", "1", "77"]), {
    code: 2,
    stdout: "",
    stderr: 'error: Cannot find "77": no job starts with it\nhint: jobq list shows them\n',
  });
});

test("status of an ambiguous beginning exits with 2 and lists what it fits", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.pushed(...Array.from({ length: 11 }, (_, index) => `echo ${index}`));
  await queue.look((handle) => handle.cancel([`${ids[0]}`]));
  await queue.look((handle) => handle.prune());
  const { code, stderr } = await queue.jobq(["status", "1"]);
  assertEquals(code, 2);
  assert(stderr.includes(`"1" means: 2 start with it\nhint: one of ${ids[9]}, ${ids[10]}\n`), stderr);
});

test("status without an id exits with 2", async () => {
  await using queue = await QueueFile.with("a");
  const { code, stderr } = await queue.jobq(["status"]);
  assertEquals(code, 2);
  assertMatch(stderr, /ID is missing/);
});
