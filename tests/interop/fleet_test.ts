import { assert, assertBetween, assertEquals } from "../support/assert.ts";
import { runFleet } from "./support/fleet.ts";
import { interopTest } from "./support/python_tool.ts";

interopTest("two Python and two jobq workers, one of each killed, run all that jobq pushed", async () => {
  const jobs = 500;
  const { ran, left, repeats, runsByJobq, runsByPython } = await runFleet(jobs);
  assertEquals({ ran, left }, { ran: jobs, left: { messages: 0, dead: 0 } });
  assert(runsByJobq > 0 && runsByPython > 0, `jobq ran ${runsByJobq} jobs, the Python tool ${runsByPython}`);
  // Only what the killed workers had, of which each ran four at a time.
  assertBetween(repeats, 0, 8);
});
