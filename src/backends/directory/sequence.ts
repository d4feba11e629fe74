import { systemClock } from "../../core/clock.ts";
import { JOB_STATES } from "../../core/job.ts";
import type { Files } from "./files.ts";
import { keyOf, pageOf, seqOfKey } from "./names.ts";
import { jobsIn } from "./places.ts";
import type { QueueTime } from "./queue_time.ts";

const FILE = "seq";

/** Who stands still with the lock must not hold up the others for longer than this, in ms. */
const MAX_LOCK_MS = 1_000;
const LOCK_RETRY_MS = 2;

/** Numbers are written over each other, and so all have the same length. */
const DIGITS = 15;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Numbers the jobs in the order of their pushes. Two pushes may get the same number where locks are not honoured, or a
 * power loss took the newest: it decides the order, and does not tell jobs from each other.
 */
export class Sequence implements Disposable {
  readonly #files: Files;
  readonly #time: QueueTime;
  #file: Deno.FsFile | undefined;

  constructor(files: Files, time: QueueTime) {
    this.#files = files;
    this.#time = time;
  }

  /** The first of `count` numbers, which follow each other. Tells the time, too. */
  async reserve(count: number): Promise<number> {
    const file = this.#file ??= this.#files.open(FILE);
    const isLocked = await lock(file);
    try {
      const first = (read(file) ?? highest(this.#files)) + 1;
      write(file, first + count - 1);
      this.#time.measured(file.statSync().mtime);
      return first;
    } finally {
      if (isLocked) file.unlockSync();
    }
  }

  /** Whether no new job comes to a page any more; jobs that come back to it make it anew. */
  isPast(page: string): boolean {
    const last = read(this.#file ??= this.#files.open(FILE));
    return last !== undefined && page < pageOf(keyOf(last, ""));
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Whether the lock was had. */
async function lock(file: Deno.FsFile): Promise<boolean> {
  const deadline = performance.now() + MAX_LOCK_MS;
  try {
    while (!file.tryLockSync(true)) {
      if (performance.now() >= deadline) return false;
      await systemClock.sleep(LOCK_RETRY_MS);
    }
    return true;
  } catch {
    // Not every filesystem has locks.
    return false;
  }
}

function read(file: Deno.FsFile): number | undefined {
  const bytes = new Uint8Array(DIGITS + 1);
  file.seekSync(0, Deno.SeekMode.Start);
  const text = decoder.decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  return /^\d{15}\n$/.test(text) ? Number(text) : undefined;
}

function write(file: Deno.FsFile, value: number): void {
  const bytes = encoder.encode(`${String(value).padStart(DIGITS, "0")}\n`);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

/** The highest number of a job that is there: the file that says it is new, or damaged. */
function highest(files: Files): number {
  let found = 0;
  for (const state of JOB_STATES) {
    for (const { key } of jobsIn(files, state)) found = Math.max(found, seqOfKey(key));
  }
  return found;
}
