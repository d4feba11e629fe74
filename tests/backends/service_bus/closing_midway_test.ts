import type { ServiceBusQueue } from "../../../src/backends/service_bus/queue.ts";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { assertBetween } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import type { Point } from "../../support/service_bus_broker/faults.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { durationOf } from "./duration_of.ts";
import { Place } from "./place.ts";

/*
 * What a closed queue leaves behind is a timer, a socket or a wait that keeps the process alive: whether there is one, each
 * test is asked by Deno at its end.
 */

/** A queue is closed within this time, in ms: a job that comes at the last moment is given back, and that takes up to 20 s. */
const CLOSED_MS = 30_000;

/** A fault that delays by so many ms is a hold. */
const HOLD_MS = 98_765_432;

/** The machine's clock, but what is to wait for `HOLD_MS` waits until it is released. */
class HoldingClock implements Clock {
  readonly #holds = new Set<() => void>();

  get holds(): number {
    return this.#holds.size;
  }

  now(): number {
    return systemClock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms !== HOLD_MS) return await systemClock.sleep(ms, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#holds.add(resolve);
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    this.#holds.delete(resolve);
  }

  release(): void {
    for (const release of this.#holds) release();
  }
}

/** Calls of all kinds, which may end in any way. */
function allCalls(queue: ServiceBusQueue): Promise<unknown>[] {
  return [
    queue.enqueue([shellJob("a")]),
    queue.enqueue([shellJob("b"), shellJob("c")]),
    queue.lease({ leaseMs: 60_000, waitMs: 60_000 }),
    queue.peek(1),
    queue.deadLetters.list(),
    queue.deadLetters.requeue("all"),
    queue.purge(),
  ].map((call) => call.catch((error) => error));
}

/** What the service is asked for when it holds its answer back, as the calls come to it one after the other. */
const HELD: Readonly<Record<string, { at: Point; skip?: number }>> = {
  "a connection": { at: "connect" },
  "the first token": { at: "authorize" },
  "another token": { at: "authorize", skip: 1 },
  "the first link": { at: "attach" },
  "another link": { at: "attach", skip: 1 },
  "the last links": { at: "attach", skip: 3 },
  "taking a message": { at: "transfer" },
  "a message": { at: "delivery" },
  "a look": { at: "management" },
};

for (const [what, { at, skip = 0 }] of Object.entries(HELD)) {
  for (const isAnswered of [true, false]) {
    const end = isAnswered ? "gives it only meanwhile" : "never gives it";
    test(`a queue is closed while the service is asked for ${what}, and ${end}`, async () => {
      const clock = new HoldingClock();
      await using place = await Place.make({ broker: { clock } });
      const queue = place.opened();
      place.broker.fault({ kind: "delay", ms: HOLD_MS }, { at, skip, times: 100 });
      const calls = allCalls(queue);
      await waitUntil(() => clock.holds > 0);
      const closed = durationOf(queue[Symbol.asyncDispose]());
      if (isAnswered) {
        const begun = Date.now();
        await waitUntil(() => Date.now() - begun >= 100);
        place.broker.heal();
        clock.release();
      }
      assertBetween(await closed, 0, CLOSED_MS);
      assertBetween(await durationOf(Promise.all(calls)), 0, 1_000);
      place.broker.cutConnections();
    });
  }
}

for (const transport of ["amqp", "ws"] as const) {
  test(`a queue is closed while no TLS handshake is answered by ${transport}`, async () => {
    await using place = await Place.make();
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of silent) accepted.push(connection);
    })();
    const login = "SharedAccessKeyName=none;SharedAccessKey=none";
    const connectionString = `Endpoint=sb://localhost:${silent.addr.port}/;${login}`;
    const queue = place.opened({ azure: { connectionString, transport } });
    const calls = allCalls(queue);
    await waitUntil(() => accepted.length > 0);
    assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
    await Promise.all(calls);
    silent.close();
    await accepting;
    for (const connection of accepted) connection.close();
  });
}

for (const isCut of [false, true]) {
  test(`a queue is closed after any number of turns${isCut ? ", and cut off then" : ""}`, async () => {
    await using place = await Place.make();
    for (let count = 0; count < 60; count++) {
      const queue = place.opened();
      const calls = allCalls(queue);
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (isCut) place.broker.cutConnections();
      assertBetween(await durationOf(queue[Symbol.asyncDispose]()), 0, CLOSED_MS);
      await Promise.all(calls);
      await waitUntil(() => place.broker.connections === 0);
    }
  });
}
