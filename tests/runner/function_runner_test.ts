import { MAX_RESULT_BYTES } from "../../src/core/limits.ts";
import { functionRunner, type JobFunction } from "../../src/runner/function_runner.ts";
import type { Job, JsonValue } from "../../src/core/job.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { silentLogger } from "../../src/log/logger.ts";
import type { RunContext } from "../../src/runner/runner.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jobOf } from "../support/run_job.ts";
import { countedSignal } from "../support/counted_signal.ts";
import { test } from "../support/testing.ts";

interface Call {
  readonly outcome: Promise<Outcome>;
  readonly stop: AbortController;
  readonly kill: AbortController;
}

function call(functions: Record<string, JobFunction>, job: Job, more: Partial<RunContext> = {}): Call {
  const stop = new AbortController();
  const kill = new AbortController();
  const context = { ...CONTEXT, signal: stop.signal, kill: kill.signal, ...more };
  return { outcome: functionRunner(functions).run(job, context), stop, kill };
}

const CONTEXT = { log: silentLogger, slot: 0, execution: 1, env: {} };

const jobFor = (name: string, payload: JsonValue = null): Job => jobOf({ kind: "function", name, payload });

test("a function gets its payload, and what it returns is the result", async () => {
  const add: JobFunction = async (payload) => {
    await Promise.resolve();
    return (payload as number[]).reduce((sum, part) => sum + part, 0);
  };
  assertEquals(await call({ add }, jobFor("add", [1, 2, 3])).outcome, { kind: "succeeded", result: 6 });
});

test("a function that returns nothing succeeds without a result", async () => {
  assertEquals(await call({ f: () => {} }, jobFor("f")).outcome, { kind: "succeeded" });
});

test("null is a result", async () => {
  assertEquals(await call({ f: () => null }, jobFor("f")).outcome, { kind: "succeeded", result: null });
});

test("what JSON cannot hold is a warning, and the function succeeds without a result", async () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const cases: [unknown, RegExp][] = [
    [1n, /^no result: it is not JSON: .*BigInt/],
    [circle, /^no result: it is not JSON: .*circular/],
    [() => 1, /^no result: it is not JSON$/],
    ["x".repeat(MAX_RESULT_BYTES), /^no result: it has 1048578 bytes, more than 1048576$/],
  ];
  for (const [value, expected] of cases) {
    const outcome = await call({ f: () => value as JsonValue }, jobFor("f")).outcome;
    assert(outcome.kind === "succeeded" && outcome.result === undefined);
    assertMatch(outcome.warning ?? "", expected);
  }
});

test("a function is told the results of its parents, and of none when it has none", async () => {
  const f: JobFunction = (_, { parentResults }) => ({ ...parentResults });
  const parentResults = { "1-a": { loss: 0.5 }, "2-b": null };
  const told = await call({ f }, jobFor("f"), { parentResults }).outcome;
  assertEquals(told, { kind: "succeeded", result: parentResults });
  assertEquals(await call({ f }, jobFor("f")).outcome, { kind: "succeeded", result: {} });
});

test("a function is told its job and its attempt", async () => {
  const job = { ...jobFor("f"), attempts: 2 };
  const f: JobFunction = (_, context) => [context.job.id, context.attempt];
  assertEquals(await call({ f }, job).outcome, { kind: "succeeded", result: [job.id, 3] });
});

test("what a function throws is the reason of the failure, with its stack", async () => {
  const f: JobFunction = () => {
    throw new RangeError("out of tune");
  };
  const outcome = await call({ f }, jobFor("f")).outcome;
  assert(outcome.kind === "failed" && outcome.retryable);
  assertEquals(outcome.error, "out of tune");
  assertMatch(outcome.output ?? "", /RangeError: out of tune\n +at /);
});

test("a function that the worker does not have fails, also when it is a property of every object", async () => {
  for (const name of ["missing", "toString", "__proto__"]) {
    const outcome = await call({}, jobFor(name)).outcome;
    assert(outcome.kind === "failed");
    assertEquals(outcome.error, `this worker has no function "${name}"`);
  }
});

test("a command is refused with a reason", async () => {
  const outcome = await call({}, jobOf("true")).outcome;
  assert(outcome.kind === "failed");
  assertEquals(outcome.error, "this worker runs functions, not commands");
});

test("a stopped function may end in its own time, and what it returns does not count", async () => {
  const f: JobFunction = (_, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve("saved")));
  const { outcome, stop } = call({ f }, jobFor("f"));
  stop.abort({ kind: "interrupted" });
  assertEquals((await outcome).kind, "interrupted");
});

test("a cancelled function ends as cancelled, whatever it returns", async () => {
  const f: JobFunction = (_, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve("saved")));
  const { outcome, stop } = call({ f }, jobFor("f"));
  stop.abort({ kind: "cancelled" });
  assertEquals(await outcome, { kind: "cancelled", output: undefined });
});

test("a function over its time is timed out", async () => {
  const f: JobFunction = (_, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  const { outcome, stop } = call({ f }, jobFor("f"));
  stop.abort({ kind: "timed-out", timeoutMs: 5 });
  assertEquals(await outcome, { kind: "timed-out", timeoutMs: 5, output: undefined });
});

test("a function that does not end when stopped is left behind when killed", async () => {
  const { outcome, stop, kill } = call({ f: () => new Promise(() => {}) }, jobFor("f"));
  stop.abort({ kind: "interrupted" });
  kill.abort();
  assertEquals((await outcome).kind, "interrupted");
});

test("an execution leaves no listener on the signal that all share", async () => {
  const { signal, listeners } = countedSignal();
  const runner = functionRunner({ f: () => 1 });
  await runner.run(jobFor("f"), { ...CONTEXT, signal, kill: signal });
  assertEquals(listeners(), 0);
});
