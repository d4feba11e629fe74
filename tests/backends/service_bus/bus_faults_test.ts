import type { ServiceBusClient } from "@azure/service-bus";
import { assertEquals } from "../../support/assert.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import type { Fault, Point } from "../../support/service_bus_broker/faults.ts";
import { withClient } from "../../support/service_bus_broker/testing.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { type Deed, DOUBTFUL, LOST, outcomeOfDeed, UNREACHED } from "./bus_outcome.ts";

const LATE = "no answer came in time";
const CUT = "the connection was cut";
/** For what never comes up. */
const TIMEOUT_MS = 300;
/** For what comes up, on a busy machine too, and then gets no answer. */
const LONGER_MS = 800;

interface Case {
  readonly at: Point;
  readonly kind: "cut" | "throttle" | "silence";
  readonly when?: "after";
  readonly deed: Deed;
  readonly reason: string;
  readonly is: readonly string[];
}

const BUSY = { reason: "the service is busy", is: ["isTransient"] };

/** By the point that the fault befalls. A refusal is an answer at every point; those are in another test. */
const CASES: readonly Case[] = [
  { at: "connect", kind: "cut", deed: "send", reason: "the connection was closed at once", is: UNREACHED },
  { at: "connect", kind: "cut", deed: "receive", reason: "the connection was closed at once", is: UNREACHED },
  { at: "connect", kind: "cut", deed: "peek", reason: "the connection was closed at once", is: UNREACHED },
  { at: "connect", kind: "silence", deed: "send", reason: LATE, is: UNREACHED },
  { at: "connect", kind: "silence", deed: "schedule", reason: LATE, is: UNREACHED },
  // The SDK does not look at the connection while it waits for $cbs.
  { at: "authorize", kind: "cut", deed: "send", reason: LATE, is: UNREACHED },
  { at: "authorize", kind: "cut", deed: "receive", reason: LATE, is: DOUBTFUL },
  { at: "authorize", kind: "silence", deed: "send", reason: LATE, is: UNREACHED },
  { at: "authorize", kind: "silence", deed: "receive", reason: LATE, is: DOUBTFUL },
  { at: "authorize", kind: "throttle", deed: "receive", ...BUSY },
  { at: "attach", kind: "cut", deed: "send", reason: CUT, is: LOST },
  { at: "attach", kind: "cut", deed: "receive", reason: CUT, is: LOST },
  { at: "attach", kind: "cut", deed: "schedule", reason: CUT, is: LOST },
  { at: "attach", kind: "silence", deed: "send", reason: LATE, is: UNREACHED },
  { at: "attach", kind: "silence", deed: "schedule", reason: LATE, is: UNREACHED },
  { at: "attach", kind: "throttle", deed: "send", ...BUSY },
  { at: "transfer", kind: "cut", deed: "send", reason: LATE, is: DOUBTFUL },
  { at: "transfer", kind: "cut", when: "after", deed: "send", reason: LATE, is: DOUBTFUL },
  { at: "transfer", kind: "silence", deed: "send", reason: LATE, is: DOUBTFUL },
  { at: "transfer", kind: "throttle", deed: "send", ...BUSY },
  { at: "delivery", kind: "cut", deed: "receive", reason: CUT, is: DOUBTFUL },
  { at: "disposition", kind: "cut", deed: "settle", reason: LATE, is: DOUBTFUL },
  { at: "disposition", kind: "silence", deed: "settle", reason: LATE, is: DOUBTFUL },
  { at: "disposition", kind: "throttle", deed: "settle", ...BUSY },
  { at: "management", kind: "cut", deed: "schedule", reason: LATE, is: DOUBTFUL },
  { at: "management", kind: "silence", deed: "schedule", reason: LATE, is: DOUBTFUL },
  { at: "management", kind: "throttle", deed: "schedule", ...BUSY },
];
for (const { at, kind, when, deed, reason, is } of CASES) {
  test(`${kind} ${when ?? "at"} ${at}: to ${deed} fails since ${reason} (${is.join(", ")})`, async () => {
    await using broker = await ServiceBusBroker.start({ queues: ["q"] });
    await withClient(
      broker.connectionString,
      (client) => client.createSender("q").sendMessages({ body: "there" }),
    );
    broker.fault({ kind } as Fault, {
      at,
      when,
      queue: at === "connect" || at === "authorize" ? undefined : "q",
    });
    // A link that is never opened holds up the client's end for a minute.
    const then = async (client: ServiceBusClient) => {
      if (at !== "attach" || kind !== "silence") return;
      broker.cutConnections();
      // Cut off in the midst of its end, the SDK would wait for an answer for ever.
      await waitUntil(() => !isConnected(client));
    };
    const timeoutMs = reason === LATE && is !== DOUBTFUL ? TIMEOUT_MS : LONGER_MS;
    const outcome = await outcomeOfDeed(broker, deed, { timeoutMs, then });
    assertEquals([outcome.type, outcome.reason, outcome.is], ["BackendError", reason, is]);
  });
}

/** Whether the SDK takes its connection to be there, which it does not tell. */
function isConnected(client: ServiceBusClient): boolean {
  const { _connectionContext: { connection } } = client as unknown as {
    readonly _connectionContext: { readonly connection: { isOpen(): boolean } };
  };
  return connection.isOpen();
}
