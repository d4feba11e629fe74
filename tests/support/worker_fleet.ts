import { systemClock } from "../../src/core/clock.ts";
import { waitUntil } from "./wait_until.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** Workers of which there are always so many, each with a number that no other has. Ends with the scope. */
export class WorkerFleet implements AsyncDisposable {
  readonly #start: (number: number) => WorkerProcess;
  /** The oldest first. */
  readonly #alive = new Map<number, WorkerProcess>();
  /** Those that were killed or stopped. */
  readonly #disturbed = new Set<number>();
  readonly #stopped = new Set<number>();
  #started = 0;

  constructor(count: number, start: (number: number) => WorkerProcess) {
    this.#start = start;
    for (let i = 0; i < count; i++) this.#add();
  }

  /** Whether a worker was killed, or stopped for a while. */
  wasDisturbed(number: number): boolean {
    return this.#disturbed.has(number);
  }

  /** The process ids of those that have reached the queue. */
  get pids(): readonly number[] {
    return [...this.#alive.values()].filter(hasBegun).map(({ pid }) => pid);
  }

  /** Kills the oldest that works as a power cut would, and starts another one. @returns whether there was one */
  async killOldest(): Promise<boolean> {
    const [oldest] = [...this.#alive].filter(([number]) => !this.#stopped.has(number));
    if (oldest === undefined) return false;
    const [number, worker] = oldest;
    this.#alive.delete(number);
    this.#disturbed.add(number);
    await worker[Symbol.asyncDispose]();
    this.#add();
    return true;
  }

  /** Stops one for a while, if there is one that may be. @returns whether there was */
  async stopOne(ms: number, mayBe: (number: number) => boolean): Promise<boolean> {
    for (const [number, worker] of this.#alive) {
      if (this.#stopped.has(number) || !mayBe(number) || !hasBegun(worker)) continue;
      this.#disturbed.add(number);
      this.#stopped.add(number);
      worker.signal("SIGSTOP");
      await systemClock.sleep(ms);
      worker.signal("SIGCONT");
      this.#stopped.delete(number);
      return true;
    }
    return false;
  }

  /** Has all leave after their jobs; answers their exit codes. */
  async leave(): Promise<readonly number[]> {
    return await Promise.all([...this.#alive.values()].map(async (worker) => {
      // Before that, the signal would end it.
      await waitUntil(() => hasBegun(worker), { what: "a worker's start", limitMs: 60_000 });
      worker.signal("SIGUSR1");
      return await worker.ended();
    }));
  }

  /** What those that are there have written to their logs. */
  get logs(): string {
    return [...this.#alive].map(([number, { log }]) => `worker ${number}:\n${log}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#alive.values()].map((worker) => worker[Symbol.asyncDispose]()));
  }

  #add(): void {
    const number = this.#started++;
    this.#alive.set(number, this.#start(number));
  }
}

function hasBegun({ log }: WorkerProcess): boolean {
  return log.includes(" starts");
}
