import { systemClock } from "../../core/clock.ts";
import { BackendError, errorMessage } from "../../core/errors.ts";
import type { JobId } from "../../core/job.ts";
import type { Lease, LeaseOptions } from "../../core/queue.ts";
import type { Entry } from "../job_graph/entry.ts";
import type { DirectoryContext } from "./context.ts";
import type { Files } from "./files.ts";
import { endDelays, nextDue, shortenDelays } from "./delays.ts";
import { codeOf, explainForWorker } from "./fs_errors.ts";
import { newToken } from "./holder_folder.ts";
import type { HeldLease } from "./holder.ts";
import { encodeChange } from "./job_file.ts";
import { beginExecution } from "../job_graph/life.ts";
import { DirectoryLease } from "./lease.ts";
import { keyOfId, leasedName, priorityPath, readKey } from "./names.ts";
import type { Leaf } from "./ordered_tree.ts";
import { inReady, type Location } from "./places.ts";
import { type EndedLease, Recovery } from "./recovery.ts";
import { resumeLease } from "./resume_lease.ts";
import { type StopWatch, stopWatch } from "./stop_watch.ts";
import { faultOf, loadJob, putUnchanged, setAside } from "./stored_jobs.ts";

/** How long is waited between two looks for a job: longer and longer, in ms. */
const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 500;

/** A clock that went back by less than this was only set right, in ms. */
const STEP_MS = 1_000;

/** A file that says so does not belong here, while the directory can be written. */
const NOT_OURS: readonly string[] = ["EACCES", "EPERM", "EISDIR"];

/** Who finds others at the same jobs begins so many jobs further on, at most. */
const MAX_SPREAD = 32;

/** Takes jobs of a queue: each by renaming its file into this process's folder, which works for one process alone. */
export class Claims implements Disposable {
  readonly #context: DirectoryContext;
  readonly #recovery: Recovery;
  readonly #watch: StopWatch;
  /** How many of the first jobs others are likely to take at this moment. */
  #spread = 0;
  #misses = 0;
  #latest = Infinity;

  constructor(context: DirectoryContext) {
    this.#context = context;
    this.#recovery = new Recovery(context);
    this.#watch = stopWatch(context.files, context.clock);
  }

  /** As `Queue.lease`. */
  async lease({ waitMs, signal, ...options }: LeaseOptions): Promise<Lease | undefined> {
    const { clock, name } = this.#context;
    const deadline = clock.now() + waitMs;
    try {
      for (let pauseMs = MIN_PAUSE_MS; !signal?.aborted; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
        if (!this.#context.isThere) throw goneError(name);
        const lease = await this.#next(options, signal);
        if (lease !== undefined || clock.now() >= deadline) return lease;
        await clock.sleep(Math.min(pauseMs, deadline - clock.now(), this.#untilDue()), signal);
      }
      return undefined;
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined;
      throw explainForWorker(error, "take a job from", name);
    }
  }

  /** As `Queue.resume`. */
  // deno-lint-ignore require-await -- throwing must become a rejection
  async resume(ticket: string): Promise<Lease> {
    return resumeLease(this.#context, ticket, this.#watch);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #next(
    { job, ...options }: Omit<LeaseOptions, "waitMs" | "signal">,
    signal: AbortSignal | undefined,
  ): Promise<Lease | undefined> {
    const { time } = this.#context;
    // A host whose clock is ahead would take what others have.
    if (time.isStale) this.#context.holder.measureTime();
    const isStep = time.now() < this.#latest - STEP_MS;
    this.#latest = time.now();
    if (isStep) shortenDelays(this.#context);
    await this.#recovery.attend({ isStep });
    // The first look may miss what was put there in this moment; a second one is made only where that found nothing.
    for (const isFresh of [false, true]) {
      endDelays(this.#context, { isFresh });
      for await (const location of this.#candidates(job, isFresh)) {
        if (signal?.aborted) return undefined;
        const lease = await this.#take(location, options);
        if (lease !== undefined) return lease;
      }
    }
    return undefined;
  }

  /** The jobs to take, the first to be leased first. */
  async *#candidates(job: JobId | undefined, isFresh: boolean): AsyncGenerator<Location> {
    if (job !== undefined) return yield* this.#wanted(job);
    // Past those that others are at; when they are all there is, they are looked at by the second look.
    let skip = isFresh ? 0 : Math.floor(Math.random() * (this.#spread + 1));
    const { ready, sequence } = this.#context;
    const onEmpty = (directory: string) => {
      const page = directory.split("/").slice(-2).join("/");
      if (sequence.isPast(page)) ready.prune(directory);
    };
    // Those that others had taken. Where there is one, there are more: the directory is looked at anew.
    const missed = new Set<string>();
    for (let isDone = false; !isDone;) {
      isDone = true;
      for (const leaf of ready.leaves({ isFresh, onEmpty })) {
        if (missed.has(leaf.name)) continue;
        if (skip-- > 0) continue;
        yield* this.#endedBefore(leaf);
        const misses = this.#misses;
        yield { key: leaf.name, path: `${leaf.directory}/${leaf.name}`, state: "pending" };
        if (this.#misses === misses) continue;
        missed.add(leaf.name);
        ready.missed(leaf);
        skip = Math.floor(Math.random() * (this.#spread + 1));
        isDone = false;
        break;
      }
    }
    yield* this.#endedBefore();
  }

  async *#wanted(job: JobId): AsyncGenerator<Location> {
    const key = keyOfId(job);
    if (key === undefined) return;
    const ended = this.#recovery.ended.find((lease) => lease.key === key);
    if (ended !== undefined) await this.#recovery.takeBack(ended);
    const found = inReady(this.#context.files, key);
    if (found) yield found;
  }

  /** The jobs whose leases have ended, and which are to be leased before another one. */
  async *#endedBefore(leaf?: Leaf): AsyncGenerator<Location> {
    for (;;) {
      const [first] = this.#recovery.ended;
      if (first === undefined || (leaf !== undefined && !isBefore(first, leaf))) return;
      await this.#recovery.takeBack(first);
      const found = inReady(this.#context.files, first.key);
      if (found) yield found;
    }
  }

  async #take(
    location: Location,
    { leaseMs, workerId }: Pick<LeaseOptions, "leaseMs" | "workerId">,
  ): Promise<Lease | undefined> {
    const context = this.#context;
    const { files, time, ready } = context;
    const { key, path } = location;
    if (readKey(key) === undefined) {
      setAside(context, path, "its name is not one that jobq gives");
      return undefined;
    }
    const { holder } = context;
    const now = time.now();
    const waitMs = Math.round(leaseMs);
    const held: HeldLease = { key, token: newToken(), until: Math.round(now + waitMs), waitMs };
    const own = holder.path(leasedName(held));
    if (!files.move(path, own)) {
      this.#spread = Math.min(MAX_SPREAD, 2 * this.#spread + 1);
      this.#misses++;
      return undefined;
    }
    this.#spread = Math.floor(this.#spread / 2);
    const slash = path.lastIndexOf("/");
    ready.took({ directory: path.slice(0, slash), name: path.slice(slash + 1) });
    const taken = { ...location, path: own, takenFrom: path };
    using file = this.#openTaken(own, path);
    const entry = file && loadJob(context, taken, { text: file.text })?.entry;
    if (file === undefined || entry === undefined) {
      setAside(context, own, faultOf(context, taken) ?? "it may not be written, or does not describe a job");
      return undefined;
    }
    await this.#begin(entry, held, { own, workerId, now, add: file.add });
    return new DirectoryLease(context, entry, { held, holder, watch: this.#watch });
  }

  /** Opens what was taken. @returns undefined for what can be renamed, and neither read nor written: it is no job of ours */
  #openTaken(own: string, from: string): ReturnType<Files["openToAdd"]> {
    const { files } = this.#context;
    try {
      return files.openToAdd(own);
    } catch (error) {
      if (NOT_OURS.includes(codeOf(error))) return undefined;
      files.move(own, from);
      throw error;
    }
  }

  /** Notes that an execution begins. A job of which that cannot be noted goes back. */
  async #begin(
    entry: Entry,
    { token, until, waitMs }: HeldLease,
    { own, workerId, now, add }: {
      own: string;
      workerId: string | undefined;
      now: number;
      add: (line: string) => void;
    },
  ): Promise<void> {
    const before = { ...entry, history: [...entry.history] };
    const startedAt = Math.max(now, entry.createdAt);
    beginExecution(entry, { workerId, startedAt });
    Object.assign(entry, { state: "running", updatedAt: startedAt, failure: undefined, waitMs });
    entry.visibleAt = until;
    try {
      add(encodeChange(entry, { token }));
    } catch (error) {
      this.#context.log.debug(`cannot begin job ${entry.id}: ${errorMessage(error)}`);
      putUnchanged(this.#context, own, before);
      // Asked again at once, a full disk is still full.
      await systemClock.sleep(MAX_PAUSE_MS);
      throw error;
    }
  }

  #untilDue(): number {
    const due = nextDue(this.#context);
    return due === undefined ? Infinity : Math.max(1, due - this.#context.time.now());
  }
}

/** A worker waits for its return. */
function goneError(name: string): BackendError {
  return new BackendError(`Cannot take a job from "${name}": it is not there any more`, {
    transient: true,
    hint: "look whether its directory was removed, or its filesystem is not mounted",
  });
}

function isBefore({ priority, key }: EndedLease, { directory, name }: Leaf): boolean {
  const ended = `${priorityPath(priority)}/`;
  const ready = directory.slice("ready/".length, "ready/".length + ended.length);
  return ended < ready || (ended === ready && key < name);
}
