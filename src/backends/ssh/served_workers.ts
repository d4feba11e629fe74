import { UsageError } from "../../core/errors.ts";
import type { StopRequest, WorkerPresence, WorkerRegistry, WorkerSelf } from "../../core/workers.ts";

/** The entries of workers on the other side of a connection. They outlive it: its end is not the workers'. */
export class ServedWorkers {
  readonly #registry: WorkerRegistry;
  readonly #presences = new Map<number, WorkerPresence>();

  constructor(registry: WorkerRegistry) {
    this.#registry = registry;
  }

  /** @param again answers how the worker was asked to leave before, which a new entry forgets */
  async register(
    presence: number,
    { self, again, signal }: { self: WorkerSelf; again: boolean; signal: AbortSignal },
  ): Promise<StopRequest | undefined> {
    const known = again ? await this.#registry.list({ signal }) : [];
    this.#presences.set(presence, await this.#registry.register(self, { signal }));
    return known.find(({ id }) => id === self.id)?.stop;
  }

  async report(presence: number): Promise<StopRequest | undefined> {
    return await this.#get(presence).report();
  }

  async leave(presence: number): Promise<void> {
    await this.#get(presence)[Symbol.asyncDispose]();
    this.#presences.delete(presence);
  }

  #get(presence: number): WorkerPresence {
    const found = this.#presences.get(presence);
    if (found === undefined) throw new UsageError(`There is no entry ${presence} of a worker`);
    return found;
  }
}
