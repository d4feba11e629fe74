import { BackendError } from "../../../src/core/errors.ts";
import { assert, assertBetween } from "../../support/assert.ts";
import type { Fault, FaultOptions, Point } from "../../support/service_bus_broker/faults.ts";
import { durationOf } from "./duration_of.ts";
import { Place, type PlaceOptions } from "./place.ts";

/** What befalls a call, once. */
export interface Cell {
  readonly name: string;
  readonly fault: Fault;
  readonly options: FaultOptions;
}

/** No call is repeated longer than this, in ms. */
const PATIENCE_MS = 1_500;
/** Calls of several steps are patient several times; the rest is for a slow machine. */
const LIMIT_MS = 6 * PATIENCE_MS + 3_000;
/** Cells at the same time: most of them wait. */
const CONCURRENCY = 20;
/** How often a worker tries, who tries for longer. */
const MAX_TRIES = 5;

const FAULTS: readonly Fault[] = [
  { kind: "cut" },
  { kind: "refuse", condition: "amqp:internal-error" },
  { kind: "throttle" },
  { kind: "silence" },
  { kind: "delay", ms: 60 },
];

/** Every fault at each of the points, before and after it was done, the first and the second time. */
function cellsOf(points: readonly Point[]): readonly Cell[] {
  return points.flatMap((at) =>
    FAULTS.flatMap((fault) =>
      // Who is too busy has not done it.
      (fault.kind === "throttle" ? ["before"] as const : ["before", "after"] as const).flatMap((when) =>
        [0, 1].map((skip) => ({
          name: `${fault.kind} ${when} the ${skip === 0 ? "first" : "second"} ${at}`,
          fault,
          options: { at, when, skip },
        }))
      )
    )
  );
}

export interface GridOptions {
  readonly points: readonly Point[];
  readonly place?: PlaceOptions;
}

/** Has `work` come to pass in a place of its own for each cell. @throws one error with all that went wrong */
export async function inEachCell(
  { points, place: options }: GridOptions,
  work: (at: FaultyPlace) => Promise<void>,
): Promise<void> {
  const cells = [...cellsOf(points)];
  const failures: string[] = [];
  let preparation = Promise.resolve();
  const workOff = async () => {
    for (let cell = cells.shift(); cell !== undefined; cell = cells.shift()) {
      // What comes before the fault keeps the processor busy: twenty of it at once would wear out each other's patience.
      const { promise, resolve: endPreparation } = Promise.withResolvers<void>();
      const before = preparation;
      preparation = promise;
      await before;
      try {
        await using place = await Place.make({ patienceMs: PATIENCE_MS, ...options });
        await work(new FaultyPlace(place, cell, endPreparation));
      } catch (error) {
        failures.push(`${cell.name}: ${error instanceof Error ? error.stack : error}`);
      } finally {
        endPreparation();
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, workOff));
  assert(failures.length === 0, `${failures.length} failed:\n${failures.join("\n")}`);
}

/** How a call ended that something befell. */
export type Ending<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly error: BackendError };

/** A place at which one call is befallen by a fault. */
export class FaultyPlace {
  readonly place: Place;
  readonly #cell: Cell;
  readonly #endPreparation: () => void;

  constructor(place: Place, cell: Cell, endPreparation: () => void) {
    this.place = place;
    this.#cell = cell;
    this.#endPreparation = endPreparation;
  }

  /**
   * Makes the call while the fault is armed, unless told otherwise, and heals what is left of it. The call has to end in
   * time, and where it fails, in a way that says that another try may help.
   */
  async suffer<T>(call: () => Promise<T>, { isHealthy = false } = {}): Promise<Ending<T>> {
    const { broker } = this.place;
    this.#endPreparation();
    if (!isHealthy) broker.fault(this.#cell.fault, this.#cell.options);
    const ending = call().then(
      (value): Ending<T> => ({ kind: "done", value }),
      (error): Ending<T> => {
        assert(error instanceof BackendError, `${error?.stack}`);
        assert(error.transient, `it may not pass: ${error.message}`);
        return { kind: "failed", error };
      },
    );
    assertBetween(await durationOf(ending), 0, LIMIT_MS);
    broker.heal();
    return await ending;
  }

  /** As `suffer()`, and where the call fails, makes it again until it is done, as a worker does. */
  async persevere(call: () => Promise<void>): Promise<void> {
    let ending = await this.suffer(call);
    for (let tries = 1; ending.kind === "failed"; tries++) {
      assert(tries < MAX_TRIES, `it failed ${tries} times: ${ending.error.message}`);
      ending = await this.suffer(call, { isHealthy: true });
    }
  }
}
