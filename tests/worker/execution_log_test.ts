import type { ExecutionKey, JobLogs, LogWriterOptions } from "../../src/core/job_logs.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { type Fault, FaultyQueue } from "../support/faulty_queue.ts";
import { shellJob } from "../support/jobs.ts";
import { FAILED, type ScriptedRunner } from "../support/scripted_runner.ts";
import { test } from "../support/testing.ts";
import { type BenchOptions, setUpWorker } from "../support/worker_bench.ts";

/** Logs that only tell what is done to them, in words, among the queue's own operations. */
class ToldLogs implements JobLogs {
  readonly place = "nowhere";
  readonly told: string[] = [];
  problem: string | undefined;
  close: () => Promise<void> = () => Promise.resolve();

  open({ id, execution }: ExecutionKey, { maxBytes, onProblem }: LogWriterOptions) {
    this.told.push(`open ${id} ${execution} ${maxBytes}`);
    return {
      write: (bytes: Uint8Array) => {
        this.told.push(new TextDecoder().decode(bytes));
        if (this.problem !== undefined) onProblem?.(this.problem);
        return Promise.resolve();
      },
      close: () => {
        this.told.push("close");
        return this.close();
      },
    };
  }

  read() {
    return Promise.resolve({ bytes: new Uint8Array(), from: 0 });
  }
}

class LoggedQueue extends FaultyQueue {
  readonly #logs: JobLogs;

  constructor(inner: ConstructorParameters<typeof FaultyQueue>[0], logs: JobLogs, fault: Fault) {
    super(inner, fault);
    this.#logs = logs;
  }

  override get logs(): JobLogs {
    return this.#logs;
  }
}

const SETTLEMENTS: readonly string[] = ["ack", "retry", "release"];

/** A worker whose jobs print "hello" to their logs and then do what the script says. */
async function setUp(
  script: ConstructorParameters<typeof ScriptedRunner>[0] = () => ({ kind: "succeeded" }),
  { attempts = 1, ...options }: BenchOptions & { attempts?: number } = {},
) {
  const logs = new ToldLogs();
  const tell: Fault = (operation) => {
    if (SETTLEMENTS.includes(operation)) logs.told.push(operation);
  };
  const bench = await setUpWorker([shellJob("x", { maxAttempts: attempts })], async (job, context) => {
    await context.record?.write(new TextEncoder().encode("hello"));
    return await script(job, context);
  }, { front: (queue) => new LoggedQueue(queue, logs, tell), ...options });
  return { ...bench, logs, id: bench.ids[0] ?? "" };
}

test("an execution's log is opened for it, and closed before the job is settled", async () => {
  const { worker, logs, id } = await setUp(undefined, { maxLogBytes: 1_000 });
  await worker.run();
  assertEquals(logs.told, [`open ${id} 1 1000`, "hello", "close", "ack"]);
});

test("each execution has its own log, of 10 MiB at most", async () => {
  const { worker, clock, logs, id, runner } = await setUp(
    ({ attempts }) => attempts === 0 ? FAILED : { kind: "succeeded" },
    { attempts: 2 },
  );
  const done = worker.run();
  await clock.advance(60_000);
  await done;
  assertEquals(logs.told.filter((line) => line.startsWith("open")), [
    `open ${id} 1 10485760`,
    `open ${id} 2 10485760`,
  ]);
  assertEquals(runner.executions.map(({ context }) => context.execution), [1, 2]);
});

test("with a limit of 0 nothing is kept", async () => {
  const { worker, logs, runner } = await setUp(undefined, { maxLogBytes: 0 });
  await worker.run();
  assertEquals([logs.told, runner.executions[0]?.context.record], [["ack"], undefined]);
});

test("why a log is not kept is one warning", async () => {
  const { worker, logs, id, logged } = await setUp();
  logs.problem = "the disk is full";
  assertEquals((await worker.run()).completed, 1);
  const warnings = logged().filter((line) => line.startsWith("warn"));
  assertEquals(warnings, [`warn: the output of job ${id} is not kept: the disk is full`]);
});

test("a log that cannot be closed costs the job nothing", async () => {
  const { worker, logs } = await setUp();
  logs.close = () => Promise.reject(new Error("the disk is gone"));
  assertEquals((await worker.run()).completed, 1);
});

test("a job waits 5 s at most for its log to be closed", async () => {
  const { worker, clock, logs } = await setUp();
  logs.close = () => new Promise(() => {});
  const done = worker.run();
  await clock.advance(4_999);
  assertEquals(logs.told.at(-1), "close");
  await clock.advance(1);
  assertEquals((await done).completed, 1);
});

test("a killed worker does not wait for a log", async () => {
  const { worker, clock, logs } = await setUp();
  logs.close = () => new Promise(() => {});
  const done = worker.run();
  await clock.advance(0);
  worker.kill();
  assertEquals((await done).completed, 1);
});

test("the log is closed when the runner cannot run the job", async () => {
  const { worker, logs } = await setUp(() => {
    throw new Error("no processes left");
  });
  const message = await worker.run().catch((error: Error) => error.message);
  assertMatch(String(message), /no processes left/);
  assertEquals(logs.told.slice(-2), ["close", "release"]);
});
