import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { JobId } from "../../src/core/job.ts";
import type { JobDetails } from "../../src/core/job_store.ts";
import type { Capabilities, Lease, Queue } from "../../src/core/queue.ts";
import { assertEquals, assertExists } from "../support/assert.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** How a backend joins the conformance suite. */
export interface Harness {
  /** Precedes the name of each test. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Other processes can open the queue by its address; else the tests that need some are not registered. */
  readonly sharedByProcesses: boolean;
  /** The queue lives by the clock that it is opened with; else the tests wait, for `leaseMs` each time. */
  readonly clockIsReplaceable: boolean;
  /** A lease that ended is its holder's until somebody else takes the job; else it is lost at its end. */
  readonly keepsEndedLeases: boolean;
  /** The shortest lease, and delay, that the backend keeps well, in ms. */
  readonly leaseMs: number;
  /** Finds a place for one empty queue, which is removed at the end. */
  makePlace(): Promise<Place>;
}

/** Where one queue lives. */
export interface Place extends AsyncDisposable {
  /** For other processes. */
  readonly address?: string;
  /** Opens the queue; several times for several handles on the same one. */
  open(clock?: Clock): Promise<Queue>;
}

/** Long enough to outlast any test, in ms. */
export const LONG_MS = 60_000;

/** The bound of waits for something that must come, in ms. */
const PATIENCE_MS = 15_000;

/** An empty queue, and the time by which it lives. */
export class Fixture implements AsyncDisposable {
  readonly queue: Queue;
  readonly leaseMs: number;
  readonly #place: Place;
  readonly #clock: ManualClock | undefined;
  readonly #handles = new AsyncDisposableStack();

  private constructor(queue: Queue, { place, clock, leaseMs }: {
    place: Place;
    clock: ManualClock | undefined;
    leaseMs: number;
  }) {
    this.queue = queue;
    this.leaseMs = leaseMs;
    this.#place = place;
    this.#clock = clock;
    this.#handles.use(place);
    this.#handles.use(queue);
  }

  static async make(harness: Harness): Promise<Fixture> {
    const clock = harness.clockIsReplaceable ? new ManualClock() : undefined;
    const place = await harness.makePlace();
    return new Fixture(await place.open(clock), { place, clock, leaseMs: harness.leaseMs });
  }

  /** The clock by which the queue lives. */
  get clock(): Clock {
    return this.#clock ?? systemClock;
  }

  /** The time by which the queue lives, ms since the epoch. */
  now(): number {
    return this.clock.now();
  }

  /** The address for other processes. */
  get address(): string {
    return assertExists(this.#place.address, "a queue that processes share has an address");
  }

  /** Another handle on the same queue. */
  async open(): Promise<Queue> {
    return this.#handles.use(await this.#place.open(this.#clock));
  }

  /** Lets at least `ms` pass. */
  async pass(ms: number): Promise<void> {
    if (this.#clock) return await this.#clock.advance(ms);
    const end = Date.now() + ms;
    await waitUntil(() => Date.now() >= end, { limitMs: ms + PATIENCE_MS });
  }

  /** Sets the clock back, which must be a replaced one. */
  async stepBack(ms: number): Promise<void> {
    await assertExists(this.#clock, "the clock cannot be set back").jump(-ms);
  }

  /** Leases the next job, or the one that is asked for, which must be due, for long unless told otherwise. */
  async next(
    { from = this.queue, leaseMs = LONG_MS, ...which }: NextOptions = {},
  ): Promise<Lease> {
    const waitMs = this.#clock ? 0 : PATIENCE_MS;
    return assertExists(await from.lease({ leaseMs, waitMs, ...which }), "no job could be leased");
  }

  /** All that the queue knows of a job, which must be there. */
  async get(id: JobId): Promise<JobDetails> {
    return assertExists(await this.queue.get(id), `there is no job ${id}`);
  }

  /** The states of jobs, which must be there. */
  async states(...ids: readonly JobId[]): Promise<readonly string[]> {
    return (await Promise.all(ids.map((id) => this.get(id)))).map(({ state }) => state);
  }

  /** Compares how many jobs are in which state, none where not said; where states cannot be told apart, their sum. */
  async assertCounts(
    { ready = 0, delayed = 0, running = 0, failed = 0 }: Partial<Record<CountedState, number>>,
  ): Promise<void> {
    const counts = await this.queue.counts();
    assertEquals([counts.unfinished, counts.failed], [ready + delayed + running, failed]);
    if (!this.queue.capabilities.exactCounts) return;
    assertEquals([counts.ready, counts.delayed, counts.running], [ready, delayed, running]);
  }

  /** Fails when a job can be leased. */
  async assertNothingDue(): Promise<void> {
    const lease = await this.queue.lease({ leaseMs: LONG_MS, waitMs: 0 });
    assertEquals(lease?.job, undefined, "a job could be leased");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handles.disposeAsync();
  }
}

type CountedState = "ready" | "delayed" | "running" | "failed";

interface NextOptions {
  readonly from?: Queue;
  readonly leaseMs?: number;
  readonly workerId?: string;
  readonly job?: JobId;
}

/** Part of the suite: registers the tests of one subject. */
export type Topic = (harness: Harness) => void;

/** Registers a test that gets an empty queue. */
export function conformanceTest(
  harness: Harness,
  name: string,
  fn: (fixture: Fixture) => Promise<void>,
): void {
  test(`${harness.name}: ${name}`, async () => {
    await using fixture = await Fixture.make(harness);
    await fn(fixture);
  });
}
