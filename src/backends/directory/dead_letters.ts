import type { JobId } from "../../core/job.ts";
import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import { jobOf } from "../job_graph/entry.ts";
import { requeue } from "../job_graph/requeue.ts";
import type { DirectoryContext } from "./context.ts";
import { idOfKey, readDone } from "./names.ts";
import { doneJobs, type Location } from "./places.ts";
import { removeJob } from "./removal.ts";
import { loadJob } from "./stored_jobs.ts";
import { change } from "./transaction.ts";

/** The jobs in state `failed` and `timeout`. */
export class DirectoryDeadLetters implements DeadLetters {
  readonly #context: DirectoryContext;

  constructor(context: DirectoryContext) {
    this.#context = context;
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async list({ limit = Infinity }: CallOptions & { limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for (const location of this.#dead("all")) {
      if (letters.length >= limit) break;
      const entry = loadJob(this.#context, location)?.entry;
      if (entry?.failure) letters.push({ job: jobOf(entry), failure: entry.failure });
    }
    return letters;
  }

  async requeue(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    const { time } = this.#context;
    return await change(this.#context, (graph) => {
      const ids: readonly JobId[] = this.#dead(which).map(({ key }) => idOfKey(key));
      return requeue(graph, ids, time.now()).requeued;
    }, { signal });
  }

  async purge(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    const removed: JobId[] = [];
    for (const location of this.#dead(which)) {
      if (signal?.aborted) break;
      if (removeJob(this.#context, location)) removed.push(idOfKey(location.key));
    }
    await this.#context.logs.remove(removed);
    return removed.length;
  }

  /** The first to fail comes first. */
  #dead(which: DeadLetterSelection): Location[] {
    const { files } = this.#context;
    const wanted = which === "all" ? undefined : new Set(which);
    return (["failed", "timeout"] as const)
      .flatMap((state) => Array.from(doneJobs(files, state)))
      .filter(({ key }) => wanted?.has(idOfKey(key)) ?? true)
      .map((location) => ({ location, at: finishedAt(location) }))
      .sort((a, b) => a.at - b.at || (a.location.key < b.location.key ? -1 : 1))
      .map(({ location }) => location);
  }
}

function finishedAt({ path }: Location): number {
  return readDone(path.slice(path.lastIndexOf("/") + 1))?.finishedAt ?? 0;
}
