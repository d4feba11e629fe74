import { countsInOrder } from "../../src/cli/count_view.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("where ready and running jobs are not told apart, they are shown as active ones", () => {
  assertEquals(countsInOrder({ unfinished: 5, delayed: 2, failed: 1 }), [
    ["active", 3],
    ["delayed", 2],
    ["failed", 1],
  ]);
});

test("where delayed jobs are not told apart either, all are shown as unfinished ones", () => {
  assertEquals(countsInOrder({ unfinished: 5 }), [["unfinished", 5]]);
});

test("where all is known, each state is shown, in the order of a job's life", () => {
  const counts = { unfinished: 6, failed: 4, running: 3, delayed: 2, ready: 1, blocked: 0, timeout: 5 };
  assertEquals(countsInOrder(counts), [
    ["blocked", 0],
    ["ready", 1],
    ["delayed", 2],
    ["running", 3],
    ["failed", 4],
    ["timeout", 5],
  ]);
});
