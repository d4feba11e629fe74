import type { Clock } from "../../core/clock.ts";

/** The time by which the jobs of a queue live: one for all hosts, whose own clocks may differ. */
export interface QueueTime {
  /** ms since the epoch. */
  now(): number;
  /** Tells what time a file got that was changed at this moment; ms since the epoch. */
  measured(mtime: Date | null): void;
  /** Whether it is long since that was told, or this host's clock was set meanwhile. */
  readonly isStale: boolean;
}

/**
 * A difference below this is not one, in ms: some filesystems keep times to the second or two, and always the one that
 * has begun.
 */
const COARSE_MS = 2_500;
const AHEAD_MS = 250;

/** A measurement is good for this long, in ms. */
const GOOD_MS = 60_000;
/** This host's clock was set when it is that far from where it should be, in ms. */
const STEP_MS = 1_000;

/**
 * The filesystem's clock: this host's, corrected by what it differed from the times that the filesystem gives to
 * changed files.
 */
export class FilesystemTime implements QueueTime {
  readonly #clock: Clock;
  readonly #uptime: () => number;
  #ahead = 0;
  #measured: { readonly at: number; readonly uptime: number } | undefined;

  /** @param uptime a clock that nobody sets, in ms */
  constructor(clock: Clock, uptime: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#uptime = uptime;
  }

  now(): number {
    return this.#clock.now() + this.#ahead;
  }

  measured(mtime: Date | null): void {
    if (mtime === null) return;
    const at = this.#clock.now();
    const ahead = mtime.getTime() - at;
    this.#ahead = -COARSE_MS < ahead && ahead < AHEAD_MS ? 0 : ahead;
    this.#measured = { at, uptime: this.#uptime() };
  }

  get isStale(): boolean {
    if (this.#measured === undefined) return true;
    const passed = this.#uptime() - this.#measured.uptime;
    return passed > GOOD_MS || Math.abs(this.#clock.now() - this.#measured.at - passed) > STEP_MS;
  }
}

/** A clock that all who use the queue have in common. */
export function sharedTime(clock: Clock): QueueTime {
  return { now: () => clock.now(), measured: () => {}, isStale: false };
}
