import { QueueNotFoundError } from "../../core/errors.ts";
import type { Job, JobId, NewJob } from "../../core/job.ts";
import type {
  CancelResult,
  JobDetails,
  JobRecord,
  ListOptions,
  PruneOptions,
  PruneResult,
  RequeueResult,
  RequeueSelection,
  Stats,
  WaitOptions,
  WaitResult,
} from "../../core/job_store.ts";
import { assertSpan } from "../../core/limits.ts";
import type {
  CallOptions,
  Capabilities,
  Counts,
  DeadLetters,
  EnqueueOptions,
  Lease,
  LeaseOptions,
  Queue,
} from "../../core/queue.ts";
import { waitForJobs } from "../../core/wait.ts";
import type { WorkerRegistry } from "../../core/workers.ts";
import { requeue } from "../job_graph/requeue.ts";
import type { LogFiles } from "../log_files/log_files.ts";
import { cancelJobs } from "./cancellation.ts";
import { DIRECTORY_CAPABILITIES } from "./capabilities.ts";
import { countJobs, readStats } from "./census.ts";
import { Claims } from "./claims.ts";
import type { DirectoryContext } from "./context.ts";
import { DirectoryDeadLetters } from "./dead_letters.ts";
import { explain } from "./fs_errors.ts";
import { progressSource } from "./progress.ts";
import { pushJobs } from "./push.ts";
import { findIds, getJob, listJobs, peekJobs, positionOf } from "./records.ts";
import { pruneJobs, removeWaiting } from "./removal.ts";
import { change } from "./transaction.ts";
import { DirectoryWorkers } from "./workers.ts";

/** A queue in a directory that its users share. */
export class DirectoryQueue implements Queue {
  readonly name: string;
  readonly capabilities: Capabilities = DIRECTORY_CAPABILITIES;
  readonly deadLetters: DeadLetters;
  readonly workers: WorkerRegistry;
  readonly logs: LogFiles;
  readonly #context: DirectoryContext;
  readonly #claims: Claims;

  constructor(context: DirectoryContext) {
    this.name = context.name;
    this.logs = context.logs;
    this.#context = context;
    this.#claims = new Claims(context);
    const dead = new DirectoryDeadLetters(context);
    this.deadLetters = {
      list: (options) => this.#do("read", () => dead.list(options)),
      requeue: (which, options) => this.#do("change", () => dead.requeue(which, options)),
      purge: (which, options) => this.#do("change", () => dead.purge(which, options)),
    };
    const workers = new DirectoryWorkers(context);
    this.workers = {
      register: (self) => this.#do("register with", () => workers.register(self)),
      list: () => this.#do("read", () => workers.list()),
      stop: (id, request) => this.#do("change", () => workers.stop(id, request)),
    };
  }

  enqueue(jobs: readonly NewJob[], options?: EnqueueOptions): Promise<readonly JobId[]> {
    return this.#do("push to", () => pushJobs(this.#context, jobs, options));
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    assertSpan("a lease", options.leaseMs, { min: 1, max: DIRECTORY_CAPABILITIES.maxLeaseMs });
    return await this.#claims.lease(options);
  }

  async resume(ticket: string): Promise<Lease> {
    return await this.#claims.resume(ticket);
  }

  peek(limit: number): Promise<readonly Job[]> {
    return this.#do("read", () => peekJobs(this.#context, limit));
  }

  counts(): Promise<Counts> {
    return this.#do("read", () => countJobs(this.#context));
  }

  purge({ signal }: CallOptions = {}): Promise<number> {
    return this.#do("clear", () => removeWaiting(this.#context, signal));
  }

  get(id: JobId): Promise<JobDetails | undefined> {
    return this.#do("read", () => getJob(this.#context, id));
  }

  findIds(text: string, { limit }: { limit: number }): Promise<readonly JobId[]> {
    return this.#do("read", () => findIds(this.#context, text, limit));
  }

  list(options: ListOptions = {}): Promise<readonly JobRecord[]> {
    return this.#do("read", () => listJobs(this.#context, options));
  }

  position(id: JobId): Promise<number | undefined> {
    return this.#do("read", () => positionOf(this.#context, id));
  }

  cancel(
    ids: readonly JobId[],
    options: CallOptions & { reason?: string } = {},
  ): Promise<CancelResult> {
    return this.#do("change", () => cancelJobs(this.#context, ids, options));
  }

  requeue(which: RequeueSelection, { signal }: CallOptions = {}): Promise<RequeueResult> {
    const now = () => this.#context.time.now();
    return this.#do(
      "change",
      () => change(this.#context, (graph) => requeue(graph, which, now()), { signal }),
    );
  }

  prune(options: PruneOptions = {}): Promise<PruneResult> {
    return this.#do("change", () => pruneJobs(this.#context, options));
  }

  stats(): Promise<Stats> {
    return this.#do("read", () => readStats(this.#context));
  }

  wait(which: readonly JobId[] | "all", options: WaitOptions = {}): Promise<WaitResult> {
    return this.#do("read", () => waitForJobs(progressSource(this.#context), which, options));
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async [Symbol.asyncDispose](): Promise<void> {
    this.#claims[Symbol.dispose]();
    this.#context[Symbol.dispose]();
  }

  async #do<T>(action: string, work: () => T | Promise<T>): Promise<T> {
    if (!this.#context.isThere) {
      throw new QueueNotFoundError(`Cannot ${action} "${this.name}": it is not there any more`, {
        hint: "look whether its directory was removed, or its filesystem is not mounted",
      });
    }
    try {
      return await work();
    } catch (error) {
      // An abort is the caller's own.
      if (!(error instanceof Error) || error.name === "AbortError") throw error;
      throw explain(error, action, this.name);
    }
  }
}
