import type { Clock } from "../../src/core/clock.ts";

interface Sleeper {
  readonly dueAt: number;
  wake(): void;
}

/** A clock that stands still until a test advances it. */
export class ManualClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  /** How many calls of `sleep` have not returned. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** When the next sleeper wakes, ms since the epoch; undefined when nothing sleeps. */
  get wakesAt(): number | undefined {
    const instants = [...this.#sleepers].map(({ dueAt }) => dueAt);
    return instants.length > 0 ? Math.min(...instants) : undefined;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { dueAt: Math.ceil(this.#now + ms), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
      for (const tell of [...this.#watchers]) tell();
    });
  }

  /** Resolves when something sleeps, at once if it does already. */
  async untilSleeping(count = 1): Promise<void> {
    while (this.#sleepers.size < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watchers.add(resolve);
      await promise;
      this.#watchers.delete(resolve);
    }
  }

  /** Moves time on at once, as a suspended machine does: every sleeper that is due wakes at the end. */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.dueAt <= this.#now) sleeper.wake();
    await settleTasks();
  }

  /** Moves time on, waking each sleeper at its instant, and lets what they wake do its work. */
  async advance(ms: number): Promise<void> {
    // What was started just before may not have come to its first sleep yet.
    await settleTasks();
    const target = this.#now + ms;
    for (;;) {
      const due = [...this.#sleepers].filter(({ dueAt }) => dueAt <= target).sort((a, b) =>
        a.dueAt - b.dueAt
      );
      const next = due[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.dueAt);
      next.wake();
      await settleTasks();
    }
    this.#now = target;
    await settleTasks();
  }
}

/** One turn of the event loop: every promise that can go on has gone on. */
function settleTasks(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
