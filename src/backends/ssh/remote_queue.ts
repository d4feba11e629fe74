import { type Clock, systemClock } from "../../core/clock.ts";
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
import { type Logger, silentLogger } from "../../log/logger.ts";
import type { Connect } from "./channel.ts";
import { capabilitiesOf } from "./hello.ts";
import { Link } from "./link.ts";
import type { HelloQueue } from "./messages.ts";
import { decodeError } from "./remote_errors.ts";
import { RemoteDeadLetters } from "./remote_dead_letters.ts";
import { leaseRemotely, resumeRemotely } from "./remote_claims.ts";
import { RemoteLogs } from "./remote_logs.ts";
import { RemoteWorkers } from "./remote_workers.ts";
import { toWire } from "./wire_numbers.ts";

export interface OpenRemoteQueueOptions {
  /** The queue's address, without secrets. */
  readonly name: string;
  /** Told of connections that are lost and made again. Default: nobody. */
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Opens the queue that a `jobq serve` at the other end of a channel serves.
 *
 * @throws {JobqError} why there is no channel, or nobody at its other end, or no queue there
 */
export async function openRemoteQueue(
  connect: Connect,
  { name, log = silentLogger, clock = systemClock, signal }: OpenRemoteQueueOptions,
): Promise<Queue> {
  const link = new Link(connect, { name, log, clock });
  try {
    const { queue } = await link.connection(signal);
    return new RemoteQueue(link, queue);
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}

/** How long the answer of a call that was given up is waited for, in ms. */
const LINGER_MS = 2_000;

/** How to find out what became of a change of which no answer came. */
const DOUBT = "look at the jobs with jobq list; doing it again does no harm";

/** A queue on the other side of a link. Reads are repeated when the connection is lost; changes are not. */
class RemoteQueue implements Queue {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly deadLetters: DeadLetters;
  readonly workers: RemoteWorkers;
  readonly logs: RemoteLogs | undefined;
  readonly leaseMany?: NonNullable<Queue["leaseMany"]>;
  readonly resume?: NonNullable<Queue["resume"]>;
  readonly #link: Link;

  constructor(link: Link, queue: HelloQueue) {
    this.name = link.name;
    this.capabilities = capabilitiesOf(queue);
    this.deadLetters = new RemoteDeadLetters(link);
    this.workers = new RemoteWorkers(link);
    this.logs = queue.logs === undefined ? undefined : new RemoteLogs(link, queue.logs);
    this.#link = link;
    if (queue.leasesMany) this.leaseMany = (options) => leaseRemotely(link, options);
    if (queue.resumes) this.resume = (ticket, options) => resumeRemotely(link, ticket, options);
  }

  async enqueue(
    jobs: readonly NewJob[],
    { onSkip, concurrency, signal }: EnqueueOptions = {},
  ): Promise<readonly JobId[]> {
    if (jobs.length === 0) return [];
    const { ids, error, skipped } = await this.#link.call("enqueue", { jobs, concurrency }, {
      action: "push to",
      signal,
      lingerMs: LINGER_MS,
      doubt: "look for the jobs with jobq list before you push them again",
    });
    for (const [index, id] of skipped) onSkip?.(index, id);
    if (error !== undefined) throw decodeError(error);
    return ids ?? [];
  }

  async lease(options: LeaseOptions): Promise<Lease | undefined> {
    const [lease] = await leaseRemotely(this.#link, options);
    return lease;
  }

  peek(limit: number, options?: CallOptions): Promise<readonly Job[]> {
    return this.#link.call("peek", toWire({ limit }), reading(options));
  }

  counts(options?: CallOptions): Promise<Counts> {
    return this.#link.call("counts", {}, reading(options));
  }

  purge(options?: CallOptions): Promise<number> {
    return this.#link.call("purge", {}, changing("clear", options));
  }

  get(job: JobId, options?: CallOptions): Promise<JobDetails | undefined> {
    return this.#link.call("get", { job }, reading(options));
  }

  findIds(text: string, { limit, signal }: CallOptions & { limit: number }): Promise<readonly JobId[]> {
    return this.#link.call("findIds", toWire({ text, limit }), reading({ signal }));
  }

  list({ signal, ...options }: ListOptions = {}): Promise<readonly JobRecord[]> {
    return this.#link.call("list", toWire(options), reading({ signal }));
  }

  position(job: JobId, options?: CallOptions): Promise<number | undefined> {
    return this.#link.call("position", { job }, reading(options));
  }

  cancel(
    jobs: readonly JobId[],
    { reason, signal }: CallOptions & { reason?: string } = {},
  ): Promise<CancelResult> {
    return this.#link.call("cancel", { jobs, reason }, changing("cancel jobs of", { signal }));
  }

  requeue(which: RequeueSelection, options?: CallOptions): Promise<RequeueResult> {
    return this.#link.call("requeue", { which }, changing("requeue jobs of", options));
  }

  prune({ signal, ...options }: PruneOptions = {}): Promise<PruneResult> {
    return this.#link.call("prune", toWire(options), changing("prune", { signal }));
  }

  stats(options?: CallOptions): Promise<Stats> {
    return this.#link.call("stats", {}, reading(options));
  }

  async wait(
    which: readonly JobId[] | "all",
    { signal, timeoutMs = Infinity, ...options }: WaitOptions = {},
  ): Promise<WaitResult> {
    const { clock } = this.#link;
    const deadline = clock.now() + timeoutMs;
    // Where a wait is begun again, part of its time has passed.
    const params = () => ({
      which,
      ...toWire({ ...options, timeoutMs: Math.max(0, deadline - clock.now()) }),
    });
    try {
      signal?.throwIfAborted();
      return await this.#link.call("wait", params, { ...reading({ signal }), lingerMs: LINGER_MS });
    } catch (error) {
      if (!signal?.aborted || error !== signal.reason) throw error;
    }
    // An aborted wait has an answer, too.
    const look = { which, ...options, timeoutMs: 0 };
    const seen = await this.#link.call("wait", look, { ...reading(), limitMs: LINGER_MS });
    return seen.reason === "timeout" ? { ...seen, reason: "aborted" } : seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}

function reading({ signal }: CallOptions = {}) {
  return { action: "read", signal, repeat: true };
}

function changing(action: string, { signal }: CallOptions = {}) {
  return { action, signal, lingerMs: LINGER_MS, doubt: DOUBT };
}
