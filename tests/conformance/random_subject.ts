import { JobRefusedError, LeaseLostError } from "../../src/core/errors.ts";
import { FINISHED_STATES, type JobId, type ParentCondition } from "../../src/core/job.ts";
import type { JobRecord } from "../../src/core/job_store.ts";
import type { Lease, Queue } from "../../src/core/queue.ts";
import { FAILURE, shellJob, TIMED_OUT } from "../support/jobs.ts";
import { LONG_MS } from "./harness.ts";

/** What can be done to a queue. Jobs and leases are meant by their numbers, beginning again where there are not so many. */
export type Operation =
  | {
    readonly kind: "push";
    readonly priority: number;
    readonly parents: readonly number[];
    readonly when: ParentCondition;
    readonly isDelayed: boolean;
  }
  | { readonly kind: "lease"; readonly isShort: boolean }
  | { readonly kind: "settle"; readonly lease: number; readonly how: keyof typeof SETTLEMENTS }
  | { readonly kind: "cancel" | "requeue"; readonly jobs: readonly number[] }
  | { readonly kind: "requeue failed" | "prune" | "pass" };

const SETTLEMENTS = {
  ack: (lease: Lease) => lease.ack("result"),
  retry: (lease: Lease) => lease.retry({ delayMs: 0, failure: FAILURE }),
  "retry later": (lease: Lease, delayMs: number) => lease.retry({ delayMs, failure: FAILURE }),
  release: (lease: Lease) => lease.release(),
  deadLetter: (lease: Lease) => lease.deadLetter(FAILURE),
  "time out": (lease: Lease) => lease.deadLetter(TIMED_OUT),
  cancel: (lease: Lease) => lease.cancel(),
  renew: (lease: Lease) => lease.renew(LONG_MS),
} as const;

/** A job as it is now. */
export interface SeenJob {
  /** Counts the pushes. */
  readonly number: number;
  readonly record: JobRecord;
  readonly parents: readonly { readonly record: JobRecord; readonly when: ParentCondition }[];
  /** What must be the same on every queue. */
  readonly summary: string;
}

/** A queue that random things are done to. */
export class Subject {
  readonly #queue: Queue;
  readonly #waitMs: number;
  readonly #pushed: {
    readonly id: JobId;
    readonly parents: readonly JobId[];
    readonly when: ParentCondition;
  }[] = [];
  readonly #leases: Lease[] = [];

  /** @param waitMs how long delays and short leases are */
  constructor(queue: Queue, waitMs: number) {
    this.#queue = queue;
    this.#waitMs = waitMs;
  }

  /** Answers what came of it, in words that do not depend on ids. */
  async do(operation: Operation): Promise<string> {
    switch (operation.kind) {
      case "push":
        return await this.#push(operation);
      case "lease":
        return await this.#lease(operation.isShort ? this.#waitMs : LONG_MS);
      case "settle":
        return await this.#settle(operation);
      case "cancel": {
        const { refused } = await this.#queue.cancel(this.#idsOf(operation.jobs));
        await this.#notice();
        return refused.map(({ id, reason }) => `${this.#numberOf(id)} ${reason}`).join();
      }
      case "requeue":
      case "requeue failed": {
        const which = operation.kind === "requeue"
          ? this.#idsOf(operation.jobs)
          : { states: ["failed"] } as const;
        const { requeued, children, refused } = await this.#queue.requeue(which);
        return `${requeued} and ${children}, not ${
          refused.map(({ id }) => this.#numberOf(id)).toSorted().join()
        }`;
      }
      case "prune": {
        const { removed, needed } = await this.#queue.prune({ states: FINISHED_STATES });
        return `${removed}, not ${needed}`;
      }
      case "pass":
        await this.#notice();
        return "";
      default:
        return operation satisfies never;
    }
  }

  /** All jobs in the order of their push. */
  async look(): Promise<readonly SeenJob[]> {
    const records = new Map((await this.#queue.list()).map((record) => [record.id, record]));
    return this.#pushed.flatMap(({ id, parents, when }, number) => {
      const record = records.get(id);
      if (record === undefined) return [];
      const seen = parents.flatMap((parent) => {
        const found = records.get(parent);
        return found ? { record: found, when } : [];
      });
      return { number, record, parents: seen, summary: summaryOf(record) };
    });
  }

  async #push({ priority, parents, when, isDelayed }: Operation & { kind: "push" }): Promise<string> {
    const ids = this.#idsOf(parents);
    const after = ids.map((job) => ({ job, when }));
    const delayMs = isDelayed ? this.#waitMs : 0;
    const job = shellJob("true", { priority, after, delayMs, maxAttempts: 9 });
    const [id] = await this.#queue.enqueue([job]).catch(ignore(JobRefusedError)) ?? [];
    if (id === undefined) return "refused";
    this.#pushed.push({ id, parents: ids, when });
    return "pushed";
  }

  async #lease(leaseMs: number): Promise<string> {
    const lease = await this.#queue.lease({ leaseMs, waitMs: 0 });
    if (lease === undefined) return "";
    this.#leases.push(lease);
    return this.#numberOf(lease.job.id);
  }

  async #settle({ lease, how }: Operation & { kind: "settle" }): Promise<string> {
    const meant = this.#leases[lease % this.#leases.length];
    if (meant === undefined) return "";
    const settled = SETTLEMENTS[how](meant, this.#waitMs).then(() => "settled");
    return await settled.catch(ignore(LeaseLostError)) ?? "lost";
  }

  /** Has the queue look at the time, as every worker that asks for a job does. */
  async #notice(): Promise<void> {
    await this.#queue.lease({ leaseMs: LONG_MS, waitMs: 0, job: "no-such-id" });
  }

  #idsOf(numbers: readonly number[]): readonly JobId[] {
    const ids = numbers.flatMap((number) => this.#pushed[number % this.#pushed.length]?.id ?? []);
    return [...new Set(ids)];
  }

  #numberOf(id: JobId): string {
    return String(this.#pushed.findIndex((job) => job.id === id));
  }
}

/** Makes a rejection with such an error an undefined. */
function ignore(expected: typeof JobRefusedError | typeof LeaseLostError): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof expected)) throw error;
  };
}

function summaryOf({ state, executions, attempts, isStopping, failure }: JobRecord): string {
  // A lease that ended may be seen as running or as pending until another one begins, and so may what depends on that.
  const seen = state === "running" && !isStopping ? "pending" : state;
  const count = state === "cancelled" ? "" : attempts;
  return [seen, executions, count, state === "cancelled" || state === "failed" ? failure?.kind : ""].join(
    " ",
  );
}
