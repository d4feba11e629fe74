import { assert, assertEquals } from "../support/assert.ts";
import { runChaos } from "../support/chaos.ts";
import { test } from "../support/testing.ts";

test("with a worker killed now and then, every job runs, none is lost, and none is completed twice", async () => {
  const jobs = 600;
  const { kills, neverRan, completedTwice, completed, notFinished, dead } = await runChaos({
    jobs,
    workers: 4,
    slots: 2,
    killEveryMs: 300,
    command: "sleep 0.02",
  });
  assert(kills >= 3, `only ${kills} kills`);
  assertEquals({ neverRan, completedTwice, completed, notFinished, dead }, {
    neverRan: 0,
    completedTwice: 0,
    completed: jobs,
    notFinished: 0,
    dead: 0,
  });
});
