import type { JobId } from "../../core/job.ts";
import type { RequeueableState } from "../../core/job_store.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import { catchUp } from "./catch_up.ts";
import { type Entry, jobOf } from "../job_graph/entry.ts";
import type { JobTable } from "./job_table.ts";
import { requeue } from "../job_graph/requeue.ts";

const DEAD: readonly RequeueableState[] = ["failed", "timeout"];

/** The entries in state `failed` and `timeout`. */
export class MemoryDeadLetters implements DeadLetters {
  readonly #table: JobTable;

  constructor(table: JobTable) {
    this.#table = table;
  }

  list({ limit }: CallOptions & { limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const letters = this.#dead("all").slice(0, limit).flatMap((entry) =>
      entry.failure ? [{ job: jobOf(entry), failure: structuredClone(entry.failure) }] : []
    );
    return Promise.resolve(letters);
  }

  requeue(which: DeadLetterSelection): Promise<number> {
    const now = catchUp(this.#table);
    const ids: readonly JobId[] = this.#dead(which).map(({ id }) => id);
    return Promise.resolve(requeue(this.#table, ids, now).requeued);
  }

  purge(which: DeadLetterSelection): Promise<number> {
    const removed = this.#table.remove(this.#dead(which));
    this.#table.changed();
    return Promise.resolve(removed);
  }

  #dead(which: DeadLetterSelection): Entry[] {
    return this.#table.all()
      .filter(({ id, state }) => DEAD.some((one) => one === state) && (which === "all" || which.includes(id)))
      .sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || a.seq - b.seq);
  }
}
