import type { JobId } from "../../core/job.ts";
import type {
  StopRequest,
  WorkerInfo,
  WorkerPresence,
  WorkerRegistry,
  WorkerSelf,
} from "../../core/workers.ts";
import type { JobTable } from "./job_table.ts";

const FORGOTTEN_AFTER_MS = 86_400_000;

type WorkerEntry = WorkerSelf & { readonly startedAt: number; beatAt: number; stop?: StopRequest };

/** The workers that registered with a queue in memory. */
export class MemoryWorkers implements WorkerRegistry {
  readonly #table: JobTable;
  readonly #entries = new Map<string, WorkerEntry>();

  constructor(table: JobTable) {
    this.#table = table;
  }

  register({ id, host, pid, slots }: WorkerSelf): Promise<WorkerPresence> {
    const now = this.#table.clock.now();
    const entry: WorkerEntry = { id, host, pid, slots, startedAt: now, beatAt: now };
    this.#entries.set(id, entry);
    return Promise.resolve({
      report: () => {
        entry.beatAt = this.#table.clock.now();
        this.#entries.set(id, entry);
        return Promise.resolve(entry.stop);
      },
      [Symbol.asyncDispose]: () => {
        this.#entries.delete(id);
        return Promise.resolve();
      },
    });
  }

  list(): Promise<readonly WorkerInfo[]> {
    this.#forget();
    const workers = [...this.#entries.values()].sort((a, b) => a.startedAt - b.startedAt);
    return Promise.resolve(workers.map((entry) => ({ ...entry, jobs: this.#jobsOf(entry) })));
  }

  stop(id: string, request: StopRequest): Promise<boolean> {
    this.#forget();
    const entry = this.#entries.get(id);
    if (entry) entry.stop = request;
    return Promise.resolve(entry !== undefined);
  }

  #jobsOf({ id }: WorkerEntry): JobId[] {
    return this.#table.all().flatMap((entry) =>
      entry.state === "running" && entry.latest?.workerId === id ? entry.id : []
    );
  }

  #forget(): void {
    const now = this.#table.clock.now();
    for (const [id, { beatAt }] of this.#entries) {
      if (now - beatAt >= FORGOTTEN_AFTER_MS) this.#entries.delete(id);
    }
  }
}
