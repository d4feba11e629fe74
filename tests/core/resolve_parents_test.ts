import { CycleError, JobRefusedError } from "../../src/core/errors.ts";
import type { After, NewJob } from "../../src/core/job.ts";
import { resolveParents } from "../../src/core/resolve_parents.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { test } from "../support/testing.ts";

const after = (...entries: readonly (After | string)[]): NewJob =>
  shellJob("true", { after: entries.map((entry) => typeof entry === "string" ? { key: entry } : entry) });
const keyed = (key: string, ...parents: readonly string[]): NewJob => ({ ...after(...parents), key });

test("resolveParents() answers nothing for jobs that wait for none", () => {
  assertEquals(resolveParents([shellJob(), keyed("a")]).size, 0);
});

test("resolveParents() finds keys before and after the job that names them", () => {
  const parents = resolveParents([
    keyed("last", "first", "middle"),
    keyed("first"),
    keyed("middle", "first"),
  ]);
  assertEquals(parents.get(0), [{ job: 1, when: "ok" }, { job: 2, when: "ok" }]);
  assertEquals(parents.get(2), [{ job: 1, when: "ok" }]);
});

test("resolveParents() keeps ids and conditions, and names each parent once", () => {
  const parents = resolveParents([
    after({ job: "7-abc", when: "any" }, { job: "8-def" }, { job: "7-abc", when: "any" }),
  ]);
  assertEquals(parents.get(0), [{ job: "7-abc", when: "any" }, { job: "8-def", when: "ok" }]);
});

test("resolveParents() refuses an unknown key, and says which job names it", () => {
  const error = assertThrows(() => resolveParents([keyed("a"), after("b")]), JobRefusedError);
  assertEquals(error.index, 1);
  assert(error.message.includes('"b"'), error.message);
});

test("resolveParents() refuses a key that two jobs have", () => {
  assertEquals(assertThrows(() => resolveParents([keyed("a"), keyed("a")]), JobRefusedError).index, 1);
});

test("resolveParents() refuses one parent under two conditions", () => {
  const job = after({ job: "7-abc" }, { job: "7-abc", when: "any" });
  assertThrows(() => resolveParents([job]), JobRefusedError);
});

test("a job that waits for itself is a cycle of one", () => {
  assertEquals(assertThrows(() => resolveParents([shellJob(), keyed("a", "a")]), CycleError).indexes, [1]);
});

test("a cycle names the jobs in it, and not those that only lead to it or come after it", () => {
  const jobs = [
    keyed("start"),
    keyed("a", "start", "c"),
    keyed("b", "a"),
    keyed("c", "b"),
    keyed("end", "c"),
  ];
  const error = assertThrows(() => resolveParents(jobs), CycleError);
  assertEquals([...error.indexes].sort(), [1, 2, 3]);
});

test("a diamond is no cycle", () => {
  resolveParents([keyed("a"), keyed("b", "a"), keyed("c", "a"), keyed("d", "b", "c")]);
});

test("a chain of 100,000 jobs is looked through", () => {
  const jobs = Array.from(
    { length: 100_000 },
    (_, index) => index === 0 ? keyed("0") : keyed(`${index}`, `${index - 1}`),
  );
  assertEquals(resolveParents(jobs.reverse()).size, 99_999);
});
