import { Refusals } from "../../src/worker/gate/refusals.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const refuse = (refusals: Refusals, times: number) => Array.from({ length: times }, () => refusals.refused());

test("the last refusal of a row is told, once", () => {
  assertEquals(refuse(new Refusals(3), 5), [false, false, true, false, false]);
});

test("a job that was let in begins a new row", () => {
  const refusals = new Refusals(2);
  refuse(refusals, 1);
  {
    using _job = refusals.jobRuns();
  }
  assertEquals(refuse(refusals, 2), [false, true]);
});

test("refusals do not count while another job runs", () => {
  const refusals = new Refusals(2);
  const jobs = [refusals.jobRuns(), refusals.jobRuns()];
  assertEquals(refuse(refusals, 3), [false, false, false]);
  jobs[0]?.[Symbol.dispose]();
  assertEquals(refuse(refusals, 3), [false, false, false]);
  jobs[1]?.[Symbol.dispose]();
  assertEquals(refuse(refusals, 2), [false, true]);
});

test("without a limit no refusal is one too many", () => {
  assertEquals(refuse(new Refusals(Infinity), 1_000).includes(true), false);
});

test("a worker stays useless until a job is let in", () => {
  const refusals = new Refusals(2);
  const useless = Array.from({ length: 3 }, () => {
    refusals.refused();
    return refusals.isUseless;
  });
  using _job = refusals.jobRuns();
  assertEquals([useless, refusals.isUseless], [[false, true, true], false]);
});
