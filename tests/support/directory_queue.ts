import { keyOfId } from "../../src/backends/directory/names.ts";
import { openDirectoryQueue } from "../../src/backends/directory/open.ts";
import { sharedTime } from "../../src/backends/directory/queue_time.ts";
import { DirectoryQueue } from "../../src/backends/directory/queue.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { JobId } from "../../src/core/job.ts";
import type { Lease } from "../../src/core/queue.ts";
import { createLogger, type LogRecord } from "../../src/log/logger.ts";
import { assert, assertExists } from "./assert.ts";
import { ManualClock } from "./manual_clock.ts";
import { TempDir } from "./temp_dir.ts";

/** Long enough to outlast any test, in ms. */
const LONG_MS = 3_600_000;

/** Opens a queue in a directory that lives by a test's clock. */
export function openAtClock(path: string, clock: Clock, records: LogRecord[] = []): DirectoryQueue {
  const log = createLogger("warn", (record) => records.push(record), () => clock.now());
  const queue = openDirectoryQueue({ kind: "directory", path }, {
    clock,
    time: sharedTime(clock),
    log,
    durability: "normal",
  });
  assert(queue instanceof DirectoryQueue);
  return queue;
}

/** A queue in a directory of its own, the time by which it lives, and what it warned of. */
export class DirectoryFixture implements AsyncDisposable {
  readonly clock = new ManualClock(Date.now());
  readonly path: string;
  readonly queue: DirectoryQueue;
  readonly records: LogRecord[] = [];
  readonly #stack: AsyncDisposableStack;

  private constructor(directory: TempDir, stack: AsyncDisposableStack) {
    this.#stack = stack;
    this.path = directory.join("queue");
    this.queue = stack.use(openAtClock(this.path, this.clock, this.records));
  }

  static async make(): Promise<DirectoryFixture> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await TempDir.make());
    return new DirectoryFixture(directory, stack.move());
  }

  /** Another handle on the same queue, as another process would have it. */
  open(): DirectoryQueue {
    return this.#stack.use(openAtClock(this.path, this.clock, this.records));
  }

  /** What was warned of so far. */
  get warnings(): readonly string[] {
    return this.records.map(({ message }) => message);
  }

  /** Where something of the queue is. */
  at(relative: string): string {
    return `${this.path}/${relative}`;
  }

  /** The paths, below the queue's directory, of all files below one of its directories. */
  files(below = ""): string[] {
    return filesBelow(this.path, below);
  }

  /** Where the file of a job is. */
  fileOf(id: JobId): string {
    const key = assertExists(keyOfId(id));
    const found = jobFiles(this.path).find((path) => keyIn(path) === key);
    return this.at(assertExists(found, `there is no file of job ${id}`));
  }

  /** Leases the next job, which must be there. */
  async next(from: DirectoryQueue = this.queue, leaseMs = LONG_MS): Promise<Lease> {
    return assertExists(await from.lease({ leaseMs, waitMs: 0 }), "no job could be leased");
  }

  /** Runs whatever can be run, and what becomes ready in the next minutes; answers the ids in their order. */
  async runAll(queue: DirectoryQueue = this.queue): Promise<JobId[]> {
    return await runAll(queue, this.clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Completes whatever can be run, and what becomes ready in the next minutes; answers the ids in their order. */
export async function runAll(queue: DirectoryQueue, clock: ManualClock): Promise<JobId[]> {
  const done: JobId[] = [];
  for (let quiet = 0; quiet < 4;) {
    const lease = await queue.lease({ leaseMs: LONG_MS, waitMs: 0 });
    if (lease === undefined) {
      quiet++;
      await clock.jump(31_000);
      continue;
    }
    quiet = 0;
    await lease.ack({ ran: lease.job.id });
    done.push(lease.job.id);
  }
  return done;
}

/** The paths, below a queue's directory, of all files below one of its directories; sorted. */
export function filesBelow(root: string, below = ""): string[] {
  const found: string[] = [];
  const directory = below === "" ? root : `${root}/${below}`;
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isDirectory) found.push(...filesBelow(root, path));
    else found.push(path);
  }
  return found.sort();
}

/** The paths of the files of jobs; also of those that are only about to be jobs. */
export function jobFiles(root: string): string[] {
  return filesBelow(root).filter((path) =>
    /^(ready|delayed|blocked|held|done|batches)\//.test(path) && keyIn(path)
  );
}

/** The key of the job whose file this is; undefined when it is none. */
export function keyIn(path: string): string | undefined {
  return /[/!](\d{15}-[0-9a-z]+)[^/!]*$/.exec(path)?.[1];
}
