import type { JobId } from "../../core/job.ts";
import {
  type StopRequest,
  WORKER_BEAT_MS,
  type WorkerInfo,
  type WorkerPresence,
  type WorkerRegistry,
  type WorkerSelf,
} from "../../core/workers.ts";
import type { DirectoryContext } from "./context.ts";
import { isGoneHere } from "./holder.ts";
import { readLeased } from "./names.ts";
import { loadJob } from "./stored_jobs.ts";

const FORGOTTEN_AFTER_MS = 86_400_000;
/** The file of a worker is removed when it was not heard of for this long, in ms. */
const REMOVED_AFTER_MS = 7 * FORGOTTEN_AFTER_MS;

/** Longer names are cut, and get a number that tells them apart, in characters. */
const MAX_NAME = 200;
const HASHES = 2n ** 64n;

/** What is in a worker's file. */
type WorkerFile = WorkerSelf & Pick<WorkerInfo, "startedAt" | "beatAt" | "jobs"> & {
  /** Whose lock tells whether the process lives. */
  readonly holder?: string;
};

/** The workers of a queue: each has a file, which it writes anew every 30 s, and leaves when somebody removes it. */
export class DirectoryWorkers implements WorkerRegistry {
  readonly #context: DirectoryContext;

  constructor(context: DirectoryContext) {
    this.#context = context;
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async register({ id, host, pid, slots }: WorkerSelf): Promise<WorkerPresence> {
    const { files, time, holder } = this.#context;
    if (time.isStale) holder.measureTime();
    const self = { id, host, pid, slots, startedAt: time.now() };
    const path = pathOf(id);
    files.remove(stopPathOf(id));
    let beatAt = time.now();
    this.#write({ ...self, beatAt });
    return {
      // deno-lint-ignore require-await -- throwing must become a rejection
      report: async () => {
        if (!files.exists(path)) return "drain";
        if (Math.abs(time.now() - beatAt) >= WORKER_BEAT_MS) {
          beatAt = time.now();
          this.#write({ ...self, beatAt });
        }
        return readStop(files.readAny(stopPathOf(id)));
      },
      // deno-lint-ignore require-await -- throwing must become a rejection
      [Symbol.asyncDispose]: async () => {
        files.remove(path);
        files.remove(stopPathOf(id));
      },
    };
  }

  // deno-lint-ignore require-await -- throwing must become a rejection
  async list(): Promise<readonly WorkerInfo[]> {
    const { files, time } = this.#context;
    const jobs = this.#jobsByWorker(files.names("held"));
    const workers = files.names("workers").flatMap((name) => {
      const worker = name.endsWith(".json") ? readWorker(files.readAny(`workers/${name}`)) : undefined;
      if (worker === undefined) return [];
      const age = time.now() - worker.beatAt;
      if (age >= REMOVED_AFTER_MS) {
        files.remove(`workers/${name}`);
        files.remove(stopPathOf(worker.id));
      }
      if (age >= FORGOTTEN_AFTER_MS) return [];
      const stop = readStop(files.readAny(stopPathOf(worker.id)));
      const { holder, ...info } = worker;
      const gone = holder !== undefined && isGoneHere(files, holder) ? { isGone: true } : {};
      return [{ ...info, ...gone, stop, jobs: jobs.get(worker.id) ?? [] }];
    });
    return workers.sort((a, b) => a.startedAt - b.startedAt);
  }

  async stop(id: string, request: StopRequest): Promise<boolean> {
    if (id === "" || !(await this.list()).some((worker) => worker.id === id)) return false;
    this.#context.files.replace(stopPathOf(id), request);
    return true;
  }

  #write(worker: Omit<WorkerFile, "jobs" | "holder">): void {
    const { files, holder } = this.#context;
    const jobs = this.#jobsByWorker([holder.id]).get(worker.id) ?? [];
    files.makeDirectory("workers");
    files.replace(
      pathOf(worker.id),
      JSON.stringify({ ...worker, holder: holder.id, jobs } satisfies WorkerFile),
    );
  }

  /** @param holders in whose folders to look */
  #jobsByWorker(holders: readonly string[]): Map<string, JobId[]> {
    const { files } = this.#context;
    const jobs = new Map<string, JobId[]>();
    for (const folder of holders.map((id) => `held/${id}`)) {
      for (const name of files.names(folder)) {
        const key = readLeased(name)?.key;
        if (key === undefined) continue;
        const entry = loadJob(this.#context, { key, path: `${folder}/${name}`, state: "running" })?.entry;
        const worker = entry?.state === "running" ? entry.latest?.workerId : undefined;
        if (entry !== undefined && worker !== undefined) {
          jobs.set(worker, [...jobs.get(worker) ?? [], entry.id]);
        }
      }
    }
    return jobs;
  }
}

function pathOf(id: string): string {
  return `workers/${nameOf(id)}.json`;
}

function stopPathOf(id: string): string {
  return `workers/${nameOf(id)}.stop`;
}

/** A worker's name may have any characters, and more of them than a file's. */
function nameOf(id: string): string {
  const name = encodeURIComponent(id.toWellFormed());
  if (name.length <= MAX_NAME) return name;
  let hash = 0n;
  for (const char of name) hash = (hash * 31n + BigInt(char.charCodeAt(0))) % HASHES;
  return `${name.slice(0, MAX_NAME - 20)}~${hash.toString(36)}`;
}

function readStop(text: string | undefined): StopRequest | undefined {
  return text === "drain" || text === "now" ? text : undefined;
}

function readWorker(text: string | undefined): WorkerFile | undefined {
  try {
    const value = JSON.parse(text ?? "") as Partial<WorkerFile>;
    const { id, host, pid, slots, startedAt, beatAt } = value;
    const isWorker = typeof id === "string" && typeof host === "string" && typeof pid === "number" &&
      typeof slots === "number" && typeof startedAt === "number" && typeof beatAt === "number";
    return isWorker ? value as WorkerFile : undefined;
  } catch {
    return undefined;
  }
}
