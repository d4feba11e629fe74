import { MAX_RESULT_BYTES } from "../../src/core/limits.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jobOf, runJob } from "../support/run_job.ts";
import { test } from "../support/testing.ts";

/** Runs a command that succeeds; answers its result, and why there is none. */
async function resultOf(command: string, env?: Record<string, string>) {
  const { outcome } = await runJob(jobOf(command), env && { env });
  assert(outcome.kind === "succeeded", `it ended ${outcome.kind}`);
  const { result, warning } = outcome;
  return { result, warning };
}

test("what the job writes to $JOBQ_RESULT is its result", async () => {
  assertEquals(await resultOf(`echo '{"loss": [0.5, null]}' > "$JOBQ_RESULT"`), {
    result: { loss: [0.5, null] },
    warning: undefined,
  });
});

test("a job that writes nothing has no result, and that is no warning", async () => {
  assertEquals(await resultOf("true"), { result: undefined, warning: undefined });
});

test("a result that is not JSON is a warning, and the job succeeds", async () => {
  const { result, warning } = await resultOf('echo "{" > "$JOBQ_RESULT"');
  assertEquals(result, undefined);
  assertMatch(warning ?? "", /^no result: it is not JSON: ./);
});

test("an empty file is not JSON", async () => {
  assertMatch((await resultOf(': > "$JOBQ_RESULT"')).warning ?? "", /^no result: it is not JSON: /);
});

test("a result of 1 MiB is kept, and a byte more is a warning", async () => {
  const write = (bytes: number) =>
    `{ printf '"'; head -c ${bytes - 2} /dev/zero | tr '\\0' x; printf '"'; } > "$JOBQ_RESULT"`;
  const { result } = await resultOf(write(MAX_RESULT_BYTES));
  assertEquals(typeof result === "string" && result.length, MAX_RESULT_BYTES - 2);
  const { warning } = await resultOf(write(MAX_RESULT_BYTES + 1));
  assertMatch(warning ?? "", /^no result: it has 1048577 bytes, more than 1048576$/);
});

test("a result that grows over 1 MiB when it is written anew is a warning", async () => {
  // A number of 4 bytes that JSON.stringify writes with 21.
  const { warning } = await resultOf(
    `{ printf '[0'; yes ,1e20 | head -n 100000 | tr -d '\\n'; printf ']'; } > "$JOBQ_RESULT"`,
  );
  assertMatch(warning ?? "", /^no result: it has \d+ bytes/);
});

test("a result of 500 levels is kept, and one of more is a warning", async () => {
  const write = (levels: number) =>
    `{ printf '%.0s[' {1..${levels}}; printf '%.0s]' {1..${levels}}; } > "$JOBQ_RESULT"`;
  assertEquals((await resultOf(write(500))).warning, undefined);
  const { result, warning } = await resultOf(write(501));
  assertEquals([result, warning], [undefined, "no result: it is nested deeper than 500 levels"]);
});

test("a directory in the place of a result is a warning, and is removed", async () => {
  const { warning } = await resultOf('mkdir "$JOBQ_RESULT"; touch "$JOBQ_RESULT/x"');
  assertEquals(warning, "no result: what it left is not a file");
});

test("the result of a worker that is a job itself is not the result of its jobs", async () => {
  const env = { PATH: Deno.env.get("PATH") ?? "", JOBQ_RESULT: "/inherited/result.json" };
  const { outcome, stdout } = await runJob(jobOf('echo "$JOBQ_RESULT"'), { env });
  assertEquals(outcome.kind, "succeeded");
  assertMatch(stdout, /\/jobq-[^/]+\/result-\d+\.json\n$/);
});

test("a job that puts a file where its result's directory was has still done its work", async () => {
  assertEquals(
    await resultOf('directory=$(dirname "$JOBQ_RESULT"); rm -rf "$directory"; touch "$directory"'),
    { result: undefined, warning: undefined },
  );
});
