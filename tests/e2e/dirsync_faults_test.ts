import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import { openQueue } from "../../src/backends/registry.ts";
import { systemClock } from "../../src/core/clock.ts";
import { BackendError } from "../../src/core/errors.ts";
import type { NewJob } from "../../src/core/job.ts";
import type { SyncDestination } from "../../src/core/sync_destination.ts";
import { createLogger, type LogRecord } from "../../src/log/logger.ts";
import { processRunner } from "../../src/runner/process_runner.ts";
import type { Runner } from "../../src/runner/runner.ts";
import { Worker } from "../../src/worker/worker.ts";
import { assert, assertEquals, assertExists, assertMatch } from "../support/assert.ts";
import { shellJob } from "../support/jobs.ts";
import { SilentDestination } from "../support/silent_destination.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const FILES = 2_000;
const WRITE_MANY = `for i in $(seq ${FILES}); do echo "$JOBQ_WORKER_ID" > "$AMLT_DIRSYNC_DIR/$i"; done`;

function finishedCopies(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).filter((name) => !name.startsWith("."));
}

/** A queue file, a place for results and one for the workers' temporary files. */
class Place implements AsyncDisposable {
  readonly dir: TempDir;
  readonly address: string;
  readonly out: string;
  readonly tmp: string;

  private constructor(dir: TempDir) {
    this.dir = dir;
    this.address = dir.join("jobs.db");
    this.out = dir.join("out");
    this.tmp = dir.join("tmp");
    Deno.mkdirSync(this.out);
    Deno.mkdirSync(this.tmp);
  }

  static async make(): Promise<Place> {
    return new Place(await TempDir.make());
  }

  async push(command: string, job: Omit<NewJob, "task"> = {}): Promise<string> {
    await using queue = await openQueue(this.address);
    const [id] = await queue.enqueue([shellJob(command, { bgDirsyncTo: this.out, ...job })]);
    return assertExists(id);
  }

  worker(...flags: string[]): WorkerProcess {
    return new WorkerProcess(this.address, flags, { TMPDIR: this.tmp });
  }

  /** Waits until it is. */
  async completed(id: string): Promise<void> {
    await using queue = await openQueue(this.address);
    await waitUntil(async () => (await queue.get(id))?.state === "completed");
  }

  keptDirectories(): string[] {
    return finishedCopies(this.tmp).filter((name) => name.startsWith("jobq-sync-"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dir[Symbol.asyncDispose]();
  }
}

/** Runs one job on a worker in this process. */
async function runHere(
  job: NewJob,
  { runner, openBlobs, steer = async () => {} }: {
    runner: Runner;
    openBlobs?: () => Promise<SyncDestination>;
    steer?: (worker: Worker) => Promise<void>;
  },
) {
  const queue = new MemoryQueue({ clock: systemClock });
  const records: LogRecord[] = [];
  const [id = ""] = await queue.enqueue([job]);
  const log = createLogger("debug", (record) => records.push(record));
  const worker = new Worker({ queue, runner, log, openBlobs });
  const [ended] = await Promise.allSettled([worker.run(), steer(worker)]);
  const errors = records.filter(({ level }) => level === "error").map(({ message }) => message);
  return { ended, errors, details: assertExists(await queue.get(id)) };
}

test("a job that ended well is given back, its attempts untouched, when its worker is killed in the last copy", async () => {
  const silent = new SilentDestination();
  await using runner = processRunner();
  const bgDirsyncTo = "https://account.blob.core.windows.net/container";
  const { errors, details } = await runHere(shellJob('echo 1 > "$AMLT_DIRSYNC_DIR/a"', { bgDirsyncTo }), {
    runner,
    openBlobs: () => Promise.resolve(silent),
    steer: async (worker) => {
      await waitUntil(() => silent.puts > 0);
      worker.kill();
    },
  });
  assertEquals([details.state, details.attempts], ["pending", 0]);
  const [, kept = ""] = /was stopped, and: .*copy "([^"]*jobq-sync-[^"]*)"/.exec(errors.join("\n")) ?? [];
  assertEquals(Deno.readTextFileSync(`${kept}/a`), "1\n");
  Deno.removeSync(kept, { recursive: true });
});

test("what a job wrote is kept, and the log says where, when the machine fails under it", async () => {
  await using place = await Place.make();
  const runner: Runner = {
    run: (_, { env }) => {
      Deno.writeTextFileSync(`${env.AMLT_DIRSYNC_DIR}/a`, "hours of work");
      return Promise.reject(new BackendError("Cannot go on: no more processes"));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { ended, errors } = await runHere(shellJob("true", { bgDirsyncTo: place.out }), { runner });
  assertEquals(ended.status, "rejected");
  const [, kept = ""] = /is kept in "([^"]*)"/.exec(errors.join("\n")) ?? [];
  assertEquals(Deno.readTextFileSync(`${kept}/a`), "hours of work");
  Deno.removeSync(kept, { recursive: true });
});

test("a directory with the name of the request for a copy is copied like any other, and not removed", async () => {
  await using place = await Place.make();
  await place.push(
    'cd "$AMLT_DIRSYNC_DIR" && mkdir .amlt_flush_upload && echo 42 > .amlt_flush_upload/result && ' +
      "for i in $(seq 12); do test -e .amlt_flush_upload/result || exit 1; sleep 0.1; done",
    { env: { AMLT_DIRSYNC_FREQ: "0.1" } },
  );
  await using worker = place.worker();
  await worker.ended();
  assertMatch(worker.log, /completed=1/);
  assertEquals(Deno.readTextFileSync(`${place.out}/.amlt_flush_upload/result`), "42\n");
});

test("a job whose worker is killed in its last copy runs again elsewhere, and no file of it is missing", async () => {
  await using place = await Place.make();
  const id = await place.push(WRITE_MANY);
  {
    await using first = place.worker("--visibility-timeout", "2s");
    await waitUntil(() => finishedCopies(place.out).length > 10);
    first.signal("SIGKILL");
  }
  assertEquals(place.keptDirectories().length, 1);
  assert(finishedCopies(place.out).length < FILES, "the copy was over already");
  await using second = place.worker("--idle-timeout", "forever");
  await place.completed(id);
  second.signal("SIGUSR1");
  await second.ended();
  await using queue = await openQueue(place.address);
  const { state, attempts } = assertExists(await queue.get(id));
  assertEquals([state, attempts, finishedCopies(place.out).length], ["completed", 1, FILES]);
  // What the first one left stays for people to look at.
  assertEquals(place.keptDirectories().length, 1);
});

test("a worker that slept through its lease in the last copy settles nothing and keeps what it has", async () => {
  await using place = await Place.make();
  const id = await place.push(WRITE_MANY);
  await using first = place.worker("--visibility-timeout", "2s");
  await waitUntil(() => finishedCopies(place.out).length > 10);
  first.signal("SIGSTOP");
  await using second = place.worker("--idle-timeout", "forever");
  await place.completed(id);
  second.signal("SIGUSR1");
  await second.ended();
  first.signal("SIGCONT");
  await first.ended();
  assertMatch(first.log, /no longer ours: its lease was lost/);
  assertMatch(first.log, /lost=1/);
  assertEquals([finishedCopies(place.out).length, place.keptDirectories().length], [FILES, 1]);
});
