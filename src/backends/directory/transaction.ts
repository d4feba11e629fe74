import { systemClock } from "../../core/clock.ts";
import { BackendError } from "../../core/errors.ts";
import { isFinished, type JobId, type JobState } from "../../core/job.ts";
import { type Entry, uniqueKeyOf } from "../job_graph/entry.ts";
import type { JobGraph } from "../job_graph/graph.ts";
import { takeBaton } from "./baton.ts";
import type { DirectoryContext } from "./context.ts";
import { isMissing } from "./fs_errors.ts";
import { stopName } from "./holder_folder.ts";
import { encodeChange, satisfiedOf } from "./job_file.ts";
import { type Key, keyOfId, readLeased } from "./names.ts";
import { jobsIn, keyOfEntry, locate, type Location } from "./places.ts";
import { addEdge, childKeys, holderOfUniqueKey } from "./relations.ts";
import { type LoadedJob, loadJob, put, putUnchanged, take } from "./stored_jobs.ts";

/** A change that others got in the way of is tried so often. */
const MAX_TRIES = 20;
const PAUSE_MS = 10;

/** Jobs that are written at the same time. */
const AT_A_TIME = 16;

interface KnownJob extends LoadedJob {
  /** What its file would be told if it were written as it was. */
  readonly before: string;
  readonly satisfiedBefore: ReadonlySet<JobId>;
}

/** A job whose file is in this process's folder. */
interface TakenJob {
  readonly job: KnownJob;
  readonly path: string;
}

/** The jobs of a queue in a directory as one change sees them: each is read when it is first asked for. */
export class DirectoryGraph implements JobGraph {
  readonly #context: DirectoryContext;
  readonly #known = new Map<JobId, KnownJob>();
  readonly #added: Entry[] = [];
  readonly #stops: { readonly location: Location; readonly reason: string }[] = [];
  readonly #firstSeq: number;

  /** @param firstSeq the first of the numbers that were reserved for new jobs */
  constructor(context: DirectoryContext, firstSeq = 0) {
    this.#context = context;
    this.#firstSeq = firstSeq;
  }

  get(id: JobId): Entry | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) return known.entry;
    const added = this.#added.find((entry) => entry.id === id);
    if (added !== undefined) return added;
    const key = keyOfId(id);
    const location = key && locate(this.#context.files, key);
    return location ? this.#load(location) : undefined;
  }

  childrenOf(entry: Entry): readonly Entry[] {
    return childKeys(this.#context.files, keyOfEntry(entry)).flatMap((key) => this.get(keyId(key)) ?? []);
  }

  holderOfKey(key: string): Entry | undefined {
    const id = holderOfUniqueKey(this.#context.files, key);
    const entry = id && this.get(id);
    return entry && uniqueKeyOf(entry) === key && !isFinished(entry.state) ? entry : undefined;
  }

  inStates(states: readonly JobState[]): readonly Entry[] {
    const found = states.flatMap((state) => Array.from(jobsIn(this.#context.files, state)));
    return found.flatMap((location) =>
      this.#known.get(keyId(location.key))?.entry ?? this.#load(location) ?? []
    )
      .sort((a, b) => a.seq - b.seq);
  }

  reserveSeqs(): number {
    return this.#firstSeq;
  }

  /** The job can be seen by those who look for the children of its parents; so what those are now is looked up again. */
  add(entry: Entry): void {
    this.#added.push(entry);
    for (const id of entry.parents.keys()) {
      const parent = keyOfId(id);
      if (parent === undefined) continue;
      addEdge(this.#context.files, parent, keyOfEntry(entry));
      const known = this.#known.get(id);
      if (known !== undefined && !isChanged(known)) this.#known.delete(id);
    }
  }

  requestStop(entry: Entry, reason: string): void {
    const location = this.#known.get(entry.id)?.location;
    if (location !== undefined && entry.cancelReason === undefined) this.#stops.push({ location, reason });
  }

  changed(): void {}

  /** New jobs, which have no files yet. */
  get added(): readonly Entry[] {
    return this.#added;
  }

  /**
   * Writes what was changed of jobs that are there.
   *
   * @param keepBaton called from time to time
   * @returns false when somebody else has changed one of them meanwhile; then none was
   */
  async write(keepBaton: () => void): Promise<boolean> {
    const changed = Array.from(this.#known.values()).filter(isChanged);
    const taken: TakenJob[] = [];
    let isWritten = false;
    try {
      if (!this.#takeAll(changed, taken)) return false;
      for (let start = 0; start < taken.length; start += AT_A_TIME) {
        keepBaton();
        const some = taken.slice(start, start + AT_A_TIME);
        await Promise.all(
          some.map(({ job, path }) => put(this.#context, path, job.entry, job.satisfiedBefore)),
        );
      }
      isWritten = true;
    } finally {
      if (!isWritten) { for (const one of taken) this.#putBack(one); }
    }
    return this.#stops.every(({ location, reason }) => this.#requestStop(location, reason));
  }

  /** Whether all of them are ours now, and as they were. */
  #takeAll(jobs: readonly KnownJob[], taken: TakenJob[]): boolean {
    return jobs.every((job) => {
      const path = take(this.#context, job.location);
      if (path !== undefined) taken.push({ job, path });
      return path !== undefined && this.#isAsItWas(job, path);
    });
  }

  #isAsItWas({ location, length }: KnownJob, path: string): boolean {
    return loadJob(this.#context, { ...location, path, takenFrom: location.path })?.length === length;
  }

  /** Brings a job to where its file says that it belongs, which it may say anew. */
  #putBack({ path, job: { location } }: TakenJob): void {
    const found = loadJob(this.#context, { key: location.key, path, state: undefined });
    if (found !== undefined) putUnchanged(this.#context, path, found.entry);
  }

  /** Whether the job is still held under the lease that was seen. */
  #requestStop({ path, holder, key }: Location, reason: string): boolean {
    const { files } = this.#context;
    const leased = readLeased(path.slice(path.lastIndexOf("/") + 1));
    if (holder === undefined || leased === undefined || !files.exists(path)) return false;
    const note = `held/${holder}/${stopName(key, leased.token)}`;
    try {
      files.replace(note, reason);
    } catch (error) {
      // The holder has gone, with its folder.
      if (isMissing(error)) return false;
      throw error;
    }
    if (files.exists(path)) return true;
    files.remove(note);
    return false;
  }

  #load(location: Location): Entry | undefined {
    const loaded = loadJob(this.#context, location);
    if (loaded === undefined) return undefined;
    const satisfiedBefore = satisfiedOf(loaded.entry);
    const before = encodeChange(loaded.entry, { satisfiedBefore });
    const known = { ...loaded, before, satisfiedBefore };
    this.#known.set(loaded.entry.id, known);
    return known.entry;
  }
}

function keyId(key: Key): JobId {
  return key.replace(/^0+(?=\d)/, "");
}

function isChanged({ entry, before, satisfiedBefore }: KnownJob): boolean {
  return encodeChange(entry, { satisfiedBefore }) !== before;
}

export interface ChangeOptions {
  readonly signal?: AbortSignal;
  /** How many jobs are new at most. */
  readonly newJobs?: number;
  /** Done in the end, before others may change related jobs. */
  readonly finish?: () => Promise<void>;
  /** The jobs have nothing to do with others. Default false. */
  readonly isAlone?: boolean;
}

/**
 * Changes jobs that have to do with each other. The work is done again when somebody else changed one of them meanwhile.
 *
 * @throws {BackendError} when others get in the way again and again
 */
export async function change<T>(
  context: DirectoryContext,
  work: (graph: DirectoryGraph) => T | Promise<T>,
  { signal, newJobs = 0, finish = () => Promise.resolve(), isAlone = false }: ChangeOptions = {},
): Promise<T> {
  using baton = isAlone ? undefined : await takeBaton(context, signal);
  const firstSeq = newJobs > 0 ? await context.sequence.reserve(newJobs) : 0;
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const graph = new DirectoryGraph(context, firstSeq);
    const result = await work(graph);
    if (await graph.write(() => baton?.keep())) {
      await finish();
      return result;
    }
    await systemClock.sleep(PAUSE_MS * tries);
  }
  throw new BackendError(`Cannot change jobs of "${context.name}": others change them all the time`, {
    transient: true,
    hint: "try again",
  });
}
