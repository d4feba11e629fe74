import type { Clock } from "../../core/clock.ts";
import type { JobId } from "../../core/job.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import { type Entry, jobOf } from "./entry.ts";

export interface MemoryDeadLettersOptions {
  readonly entries: Map<JobId, Entry>;
  readonly clock: Clock;
  /** Called after each change that others may wait for. */
  readonly changed: () => void;
}

/** The entries in state `failed`. */
export class MemoryDeadLetters implements DeadLetters {
  readonly #options: MemoryDeadLettersOptions;

  constructor(options: MemoryDeadLettersOptions) {
    this.#options = options;
  }

  list({ limit }: CallOptions & { limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const letters = this.#dead("all").slice(0, limit).flatMap((entry) =>
      entry.failure ? [{ job: jobOf(entry), failure: structuredClone(entry.failure) }] : []
    );
    return Promise.resolve(letters);
  }

  requeue(which: DeadLetterSelection): Promise<number> {
    const dead = this.#dead(which);
    const visibleAt = this.#options.clock.now();
    for (const entry of dead) {
      Object.assign(entry, {
        state: "pending",
        attempts: 0,
        lostLeases: 0,
        failure: undefined,
        finishedAt: undefined,
        visibleAt,
      });
    }
    this.#options.changed();
    return Promise.resolve(dead.length);
  }

  purge(which: DeadLetterSelection): Promise<number> {
    const dead = this.#dead(which);
    for (const { id } of dead) this.#options.entries.delete(id);
    return Promise.resolve(dead.length);
  }

  #dead(which: DeadLetterSelection): Entry[] {
    return [...this.#options.entries.values()]
      .filter(({ id, state }) => state === "failed" && (which === "all" || which.includes(id)))
      .sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || a.seq - b.seq);
  }
}
