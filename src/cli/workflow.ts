import { CycleError, JobRefusedError, UsageError } from "../core/errors.ts";
import type { After, NewJob } from "../core/job.ts";
import type { Queue } from "../core/queue.ts";
import type { Batch } from "./push_lines.ts";
import { countText, type FindIds, findOn, listText, lookUp } from "./resolve_ids.ts";

/** Lines of a circle that are named, at most. */
const SHOWN = 20;

/** Lines that may refer to each other in any order: kept until the last has come, so that all are pushed or none. */
export class Workflow {
  readonly #jobs: NewJob[] = [];
  readonly #numbers: number[] = [];
  readonly #pushed: number;

  /** @param pushed how many jobs of lines before these were pushed */
  constructor(pushed: number) {
    this.#pushed = pushed;
  }

  /** @throws {UsageError} when a line of it is bad */
  add({ jobs, numbers, failure }: Batch): void {
    for (const job of jobs) this.#jobs.push(job);
    for (const number of numbers) this.#numbers.push(number);
    if (failure !== undefined) throw this.#lineError(failure.number, failure.error);
  }

  /** Pushes all in one transaction. @throws {UsageError} naming the lines because of which none was pushed */
  async push(queue: Queue, enqueue: (jobs: readonly NewJob[]) => Promise<void>): Promise<void> {
    const jobs = await this.#resolved(findOn(queue));
    try {
      await enqueue(jobs);
    } catch (error) {
      if (error instanceof CycleError) throw this.#cycleError(error);
      throw error instanceof JobRefusedError
        ? this.#lineError(this.#numbers[error.index] ?? 0, error)
        : error;
    }
  }

  /** The jobs, with an id for each name that is not the key of one of them. */
  async #resolved(find: FindIds): Promise<readonly NewJob[]> {
    const keys = new Set(this.#jobs.map(({ key }) => key));
    const ids = new Map<string, string>();
    const jobs: NewJob[] = [];
    for (const [index, job] of this.#jobs.entries()) {
      const after: After[] = [];
      for (const entry of job.after ?? []) {
        if ("job" in entry || keys.has(entry.key)) {
          after.push(entry);
          continue;
        }
        const { key: name, when } = entry;
        const id = ids.get(name) ?? await this.#idOf(name, find, index);
        ids.set(name, id);
        after.push({ job: id, when });
      }
      jobs.push(after.length > 0 ? { ...job, after } : job);
    }
    return jobs;
  }

  async #idOf(name: string, find: FindIds, index: number): Promise<string> {
    const { id, fitting } = await lookUp(name, find);
    if (id !== undefined) return id;
    const error = fitting.length === 0
      ? new UsageError(`it is to run after "${name}", which is no job of this push and none on the queue`)
      : new UsageError(`it is to run after "${name}", and ${countText(fitting)} jobs start with that`, {
        hint: `one of ${listText(fitting)}`,
      });
    throw this.#lineError(this.#numbers[index] ?? 0, error);
  }

  #lineError(number: number, error: unknown): unknown {
    if (!(error instanceof UsageError)) return error;
    return this.#refusal(`Cannot push line ${number} of standard input: ${error.message}`, error);
  }

  #cycleError(error: CycleError): UsageError {
    const numbers = error.indexes.map((index) => this.#numbers[index] ?? 0).sort((a, b) => a - b);
    const shown = numbers.slice(0, SHOWN);
    const hidden = numbers.length - shown.length;
    const last = hidden > 0 ? `${hidden} more` : shown.pop();
    const text = numbers.length === 1
      ? `line ${last} waits for itself`
      : `lines ${shown.join(", ")} and ${last} wait for each other`;
    return this.#refusal(`Cannot push standard input: ${text}`, error);
  }

  #refusal(message: string, cause: UsageError): UsageError {
    const advice = cause.hint ? `; ${cause.hint}` : "";
    return new UsageError(message, { hint: this.#whatWasPushed() + advice, cause });
  }

  #whatWasPushed(): string {
    const first = this.#numbers[0] ?? 1;
    return this.#pushed === 0
      ? "nothing was pushed"
      : `only what stands before line ${first} was pushed (${
        this.#pushed === 1 ? "1 job" : `${this.#pushed} jobs`
      })`;
  }
}
