import { assert, assertBetween, assertEquals } from "../support/assert.ts";
import { runBusFleet } from "./support/bus_fleet.ts";
import { busTest } from "./support/bus_test.ts";

busTest(
  "two Python and two jobq workers on Service Bus, one of each killed, run all that jobq pushed",
  async () => {
    const jobs = 300;
    const { ran, left, repeats, runsByJobq, runsByPython } = await runBusFleet(jobs, 10_000);
    assertEquals({ ran, left }, { ran: jobs, left: { messages: 0, dead: 0 } });
    assert(
      runsByJobq > 0 && runsByPython > 0,
      `jobq ran ${runsByJobq} jobs, the Python tool ${runsByPython}`,
    );
    // Only what the killed workers had, of which each ran four at a time.
    assertBetween(repeats, 0, 8);
  },
);
