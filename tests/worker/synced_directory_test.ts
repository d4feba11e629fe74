import * as library from "@jobq/jobq";
import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import { systemClock } from "../../src/core/clock.ts";
import { BackendError } from "../../src/core/errors.ts";
import type { JobDetails } from "../../src/core/job_store.ts";
import type { NewJob } from "../../src/core/job.ts";
import type { SyncDestination } from "../../src/core/sync_destination.ts";
import { createLogger, type LogRecord } from "../../src/log/logger.ts";
import { processRunner } from "../../src/runner/process_runner.ts";
import { Worker } from "../../src/worker/worker.ts";
import type { WorkerOptions } from "../../src/worker/worker_options.ts";
import { assert, assertEquals, assertExists, assertMatch } from "../support/assert.ts";
import { FaultyQueue } from "../support/faulty_queue.ts";
import { shellJob } from "../support/jobs.ts";
import { SilentDestination } from "../support/silent_destination.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A worker that runs one job whose directory is copied to a place of its own. */
class Bench implements AsyncDisposable {
  readonly place: TempDir;
  readonly queue = new MemoryQueue({ clock: systemClock });
  readonly records: LogRecord[] = [];

  private constructor(place: TempDir) {
    this.place = place;
    Deno.mkdirSync(this.place.join("out"));
  }

  static async make(): Promise<Bench> {
    return new Bench(await TempDir.make());
  }

  /** Where it is copied to. */
  get out(): string {
    return this.place.join("out");
  }

  /** Runs a worker until the queue is empty; `steer` is given it meanwhile. */
  async run(
    command: string,
    { job = {}, steer = async () => {}, ...options }: Partial<WorkerOptions> & {
      job?: Omit<NewJob, "task">;
      steer?: (worker: Worker, id: string) => Promise<void>;
    } = {},
  ): Promise<JobDetails> {
    const [id = ""] = await this.queue.enqueue([shellJob(command, { bgDirsyncTo: this.out, ...job })]);
    await using runner = processRunner({ killTimeoutMs: 5_000 });
    const log = createLogger("debug", (record) => this.records.push(record), () => 0);
    const worker = new Worker({ queue: this.queue, runner, log, retry: { jitter: 0 }, ...options });
    await Promise.all([worker.run(), steer(worker, id)]);
    return assertExists(await this.queue.get(id));
  }

  read(name: string): string {
    return Deno.readTextFileSync(`${this.out}/${name}`);
  }

  names(): string[] {
    return Array.from(Deno.readDirSync(this.out), ({ name }) => name).sort();
  }

  has(name: string): boolean {
    return this.names().includes(name);
  }

  get errors(): readonly string[] {
    return this.records.filter(({ level }) => level === "error").map(({ message }) => message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
  }
}

/** The directory that is named in an error, which is removed. */
function keptIn(text: string): string {
  const [, path = ""] = /"([^"]*jobq-sync-[^"]*)"/.exec(text) ?? [];
  return path;
}

test("what a job writes to its directory is at the destination when it is completed", async () => {
  await using it = await Bench.make();
  const command = 'mkdir -p "$AMLT_DIRSYNC_DIR/a b" && echo one > "$AMLT_DIRSYNC_DIR/a b/1" && ' +
    'echo "$AMLT_DIRSYNC_DIR" > "$AMLT_DIRSYNC_DIR/path"';
  const { state } = await it.run(command);
  assertEquals([state, it.read("a b/1")], ["completed", "one\n"]);
  const path = it.read("path").trim();
  assertMatch(path, /jobq-sync-/);
  await waitUntil(() => Deno.stat(path).then(() => false, () => true), {
    what: "the removal of the directory",
  });
});

test("a job that fails leaves what it wrote at the destination, too", async () => {
  await using it = await Bench.make();
  const { state, failure } = await it.run('echo half > "$AMLT_DIRSYNC_DIR/log"; exit 3');
  assertEquals([state, failure?.exitCode, it.read("log")], ["failed", 3, "half\n"]);
});

test("a job that runs out of time leaves what it wrote at the destination, too", async () => {
  await using it = await Bench.make();
  const { state } = await it.run('echo half > "$AMLT_DIRSYNC_DIR/log"; exec sleep 60', {
    job: { timeoutMs: 300 },
  });
  assertEquals([state, it.read("log")], ["timeout", "half\n"]);
});

test("a job that is interrupted is given back after a last copy, which has what it wrote when it was told", async () => {
  await using it = await Bench.make();
  const command =
    `trap 'echo last > "$AMLT_DIRSYNC_DIR/log"; exit 0' TERM; touch ${it.place.join("begun")}; ` +
    "while :; do sleep 0.05; done";
  const { state, attempts } = await it.run(command, {
    steer: async (worker) => {
      await waitUntil(() => Deno.stat(it.place.join("begun")).then(() => true, () => false));
      worker.interrupt();
    },
  });
  assertEquals([state, attempts, it.read("log")], ["pending", 0, "last\n"]);
});

test("a job may have its directory copied while it runs, and hears when that is done", async () => {
  await using it = await Bench.make();
  const command = 'cd "$AMLT_DIRSYNC_DIR"; echo early > log; touch .amlt_flush_upload; ' +
    `while test -e .amlt_flush_upload; do sleep 0.05; done; test "$(cat ${it.out}/log)" = early && echo late > log`;
  const { state } = await it.run(command);
  assertEquals([state, it.read("log"), it.names()], ["completed", "late\n", ["log"]]);
});

test("it is copied every so often", async () => {
  await using it = await Bench.make();
  const command = `echo early > "$AMLT_DIRSYNC_DIR/log"; for i in $(seq 200); do ` +
    `test -e ${it.out}/log && exit 0; sleep 0.05; done; exit 1`;
  const { state } = await it.run(command, { job: { env: { AMLT_DIRSYNC_FREQ: "0.2" } } });
  assertEquals(state, "completed");
});

test("the job's own settings win over the worker's", async () => {
  await using it = await Bench.make();
  const worker: Readonly<Record<string, string>> = { AMLT_DIRSYNC_INCLUDE: "*.a", AMLT_DIRSYNC_EXCLUDE: "*" };
  await it.run('cd "$AMLT_DIRSYNC_DIR"; touch 1.a 1.b 1.c', {
    job: { env: { AMLT_DIRSYNC_INCLUDE: "*.b" } },
    env: (name) => worker[name],
  });
  assertEquals(it.names(), ["1.b"]);
});

test("each attempt begins with an empty directory", async () => {
  await using it = await Bench.make();
  const command =
    'found=$(ls -A "$AMLT_DIRSYNC_DIR"); echo "[$found]" > "$AMLT_DIRSYNC_DIR/$JOBQ_ATTEMPT"; exit 1';
  await it.run(command, { job: { maxAttempts: 2, retryDelayMs: 0 }, maxConsecutiveFailures: Infinity });
  assertEquals([it.read("1"), it.read("2")], ["[]\n", "[]\n"]);
});

test("a missing destination fails the attempt before the job begins, and is not made", async () => {
  await using it = await Bench.make();
  const missing = "/jobq-test-no-such-mount/results";
  const mark = it.place.join("mark");
  const { state, failure } = await it.run(`touch ${mark}`, { job: { bgDirsyncTo: missing } });
  assertEquals(state, "failed");
  assertMatch(
    failure?.message ?? "",
    /^Cannot sync to "\/jobq-test-no-such-mount\/results": there is no such directory .*mounted/,
  );
  for (const path of [missing, mark]) {
    assertEquals(await Deno.stat(path).then(() => true, () => false), false);
  }
});

test("a missing destination is made for a job that says so", async () => {
  await using it = await Bench.make();
  const missing = it.place.join("mnt/results");
  const { state } = await it.run('touch "$AMLT_DIRSYNC_DIR/a"', {
    job: { bgDirsyncTo: missing, bgDirsyncCreate: true },
  });
  assertEquals([state, Array.from(Deno.readDirSync(missing), ({ name }) => name)], ["completed", ["a"]]);
});

test("a bad setting in the job's environment fails the attempt, and names the variable", async () => {
  await using it = await Bench.make();
  const { failure } = await it.run("true", { job: { env: { AMLT_DIRSYNC_FREQ: "often" } } });
  assertMatch(failure?.message ?? "", /Cannot use \$AMLT_DIRSYNC_FREQ: "often"/);
});

test("a last copy that fails makes a failed attempt of a job that ended well, and keeps what it wrote", async () => {
  await using it = await Bench.make();
  // A directory is in the place of the file.
  Deno.mkdirSync(`${it.out}/result`);
  const { state, failure } = await it.run('echo 42 > "$AMLT_DIRSYNC_DIR/result"');
  assertEquals(state, "failed");
  const kept = keptIn(failure?.message ?? "");
  assertEquals(Deno.readTextFileSync(`${kept}/result`), "42\n");
  Deno.removeSync(kept, { recursive: true });
});

test("a last copy that fails is told beside the failure of the job itself", async () => {
  await using it = await Bench.make();
  Deno.mkdirSync(`${it.out}/result`);
  const { failure } = await it.run('echo 42 > "$AMLT_DIRSYNC_DIR/result"; exit 7');
  assertEquals(failure?.exitCode, 7);
  assertMatch(failure?.message ?? "", /^exit code 7; and: Cannot copy all of/);
  Deno.removeSync(keptIn(failure?.message ?? ""), { recursive: true });
});

test("a last copy that fails after an interruption is an error in the log, and costs no attempt", async () => {
  await using it = await Bench.make();
  Deno.mkdirSync(`${it.out}/result`);
  const { state, attempts } = await it.run(
    `echo 42 > "$AMLT_DIRSYNC_DIR/result"; touch ${it.place.join("begun")}; exec sleep 60`,
    {
      steer: async (worker) => {
        await waitUntil(() => Deno.stat(it.place.join("begun")).then(() => true, () => false));
        worker.interrupt();
      },
    },
  );
  assertEquals([state, attempts], ["pending", 0]);
  const [error = ""] = it.errors;
  assertMatch(error, /^job .* was stopped, and: Cannot copy all of/);
  Deno.removeSync(keptIn(error), { recursive: true });
});

test("the lease is kept during the last copy, and the queue is told after it", async () => {
  await using it = await Bench.make();
  const { promise: copied, resolve } = Promise.withResolvers<void>();
  let puts = 0;
  const slow: SyncDestination = {
    name: "a slow place",
    prepare: () => Promise.resolve(),
    put: async () => {
      puts++;
      await copied;
    },
    makeDirectory: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { state, history } = await it.run('touch "$AMLT_DIRSYNC_DIR/a"', {
    job: { bgDirsyncTo: "https://account.blob.core.windows.net/container" },
    leaseMs: 300,
    openBlobs: () => Promise.resolve(slow),
    steer: async (_, id) => {
      await waitUntil(() => puts > 0);
      assertEquals(await it.queue.lease({ leaseMs: 1_000, waitMs: 700 }), undefined);
      assertEquals((await it.queue.get(id))?.state, "running");
      resolve();
    },
  });
  assertEquals([state, history.length], ["completed", 1]);
});

test("a second interruption does not wait for the last copy", async () => {
  await using it = await Bench.make();
  const silent = new SilentDestination();
  const { state } = await it.run('touch "$AMLT_DIRSYNC_DIR/a"', {
    job: { bgDirsyncTo: "https://account.blob.core.windows.net/container" },
    openBlobs: () => Promise.resolve(silent),
    steer: async (worker) => {
      await waitUntil(() => silent.puts > 0);
      worker.kill();
    },
  });
  assert(state !== "completed", state);
  const told = [...it.errors, (await it.queue.list({})).at(0)?.failure?.message ?? ""].join("\n");
  const kept = keptIn(told);
  assert(Deno.statSync(kept).isDirectory);
  Deno.removeSync(kept, { recursive: true });
});

test("a worker that was given no way to Azure's blobs says so", async () => {
  await using it = await Bench.make();
  const { failure } = await it.run("true", {
    job: { bgDirsyncTo: "https://account.blob.core.windows.net/container" },
  });
  assertMatch(failure?.message ?? "", /Cannot copy to Azure's blobs.*openBlobs: openBlobDestination/);
  assert(Object.hasOwn(library, "openBlobDestination"), "the library has what the hint names");
});

test("what opening the destination says fails the attempt", async () => {
  await using it = await Bench.make();
  const { failure } = await it.run("true", {
    job: { bgDirsyncTo: "https://account.blob.core.windows.net/container" },
    openBlobs: () => Promise.reject(new BackendError("Cannot reach it", { hint: "try later" })),
  });
  assertEquals(failure?.message, "Cannot reach it (try later)");
});

test("a worker whose lease has ended shows no copy until the lease is renewed, or its job is lost", async () => {
  await using it = await Bench.make();
  const { promise: mayPut, resolve } = Promise.withResolvers<void>();
  let isCut = false;
  const shown: string[] = [];
  const refused: unknown[] = [];
  const slow: SyncDestination = {
    name: "a slow place",
    prepare: () => Promise.resolve(),
    put: async ({ name }, { ready } = {}) => {
      isCut = true;
      await mayPut;
      await ready?.().catch((error) => {
        refused.push(error);
        throw error;
      });
      shown.push(name);
    },
    makeDirectory: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { history } = await it.run('touch "$AMLT_DIRSYNC_DIR/a"', {
    job: { bgDirsyncTo: "https://account.blob.core.windows.net/container" },
    leaseMs: 1_000,
    queue: new FaultyQueue(it.queue, (operation) => {
      if (operation === "renew" && isCut) throw new BackendError("cut off", { transient: true });
    }, { sharedOutages: true }),
    openBlobs: () => Promise.resolve(slow),
    steer: async () => {
      await waitUntil(() => isCut);
      await using taken = assertExists(await it.queue.lease({ leaseMs: 60_000, waitMs: 10_000 }));
      resolve();
      await waitUntil(() => Date.now() > taken.expiresAt - 59_500);
      assertEquals([shown, refused], [[], []]);
      isCut = false;
      await waitUntil(() => refused.length > 0);
      await taken.ack();
    },
  });
  assertEquals(shown, []);
  assertEquals(history.map(({ outcome }) => outcome), ["lost", "completed"]);
  const kept = keptIn(it.errors.join("\n"));
  assert(Deno.statSync(kept).isDirectory);
  Deno.removeSync(kept, { recursive: true });
});
