import { openQueue } from "../../src/backends/registry.ts";
import type { NewJob } from "../../src/core/job.ts";
import type { Queue } from "../../src/core/queue.ts";
import { assertEquals } from "../support/assert.ts";
import { connectionString, newQueueName } from "../support/azurite.ts";
import { ServiceBusBroker } from "../support/service_bus_broker/broker.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const JOBS = 24;
const GATES = [`test "$NODE" = a`, `test "$NODE" = b`, undefined] as const;
/** Refused jobs come back soon, and no worker leaves because of them. */
const QUICK = {
  JOBQ_GATE_REQUEUE_DELAY_S: "0.5",
  JOBQ_GATE_NEGATIVE_TTL_S: "1",
  JOBQ_GATE_MAX_NOT_QUALIFIED: "100000",
};

interface FleetPlace {
  readonly address: string;
  readonly env: Record<string, string>;
}

/** Pushes gated and ungated jobs whose directories are copied, and runs them on two workers of four slots. */
async function runFleet({ address, env }: FleetPlace, directory: TempDir): Promise<void> {
  const results = directory.join("results");
  await Deno.mkdir(results);
  await using queue: Queue = await openQueue(address, { env: (name) => env[name] ?? Deno.env.get(name) });
  const jobs = Array.from({ length: JOBS }, (_, index): NewJob => ({
    task: { kind: "shell", command: `echo $NODE $JOBQ_ATTEMPT >> "$AMLT_DIRSYNC_DIR/${index}"` },
    gateCmd: GATES[index % GATES.length],
    bgDirsyncTo: results,
    maxAttempts: 1,
  }));
  await queue.enqueue(jobs);
  const flags = ["-n", "4", "--idle-timeout", "forever"];
  const done = () =>
    Array.from(Deno.readDirSync(results), ({ name }) => Number(name)).filter(Number.isFinite);
  await using _a = new WorkerProcess(address, flags, { ...env, ...QUICK, NODE: "a" });
  // What the first worker may run is run, while the rest goes round.
  await waitUntil(() => done().length === JOBS * 2 / 3, { limitMs: 60_000, what: "the first worker's jobs" });
  assertEquals(done().some((index) => index % GATES.length === 1), false);
  await using _b = new WorkerProcess(address, flags, { ...env, ...QUICK, NODE: "b" });
  await waitUntil(async () => (await queue.counts()).unfinished === 0, {
    limitMs: 60_000,
    what: "the end of all jobs",
  });
  for (let index = 0; index < JOBS; index++) {
    const [node, attempt, ...more] = (await Deno.readTextFile(`${results}/${index}`)).trim().split(/\s/);
    if (index % 3 !== 2) assertEquals(node, "ab"[index % 3]);
    assertEquals([attempt, more], ["1", []]);
  }
  assertEquals((await queue.counts()).failed ?? 0, 0);
  if (!queue.capabilities.keepsRecords) return;
  for (const { attempts, executions, state } of await queue.list({})) {
    assertEquals([state, attempts, executions], ["completed", 1, 1]);
  }
}

test("gated jobs run on the nodes that can, and leave their results: SQLite", async () => {
  await using directory = await TempDir.make();
  await runFleet({ address: directory.join("jobs.db"), env: {} }, directory);
});

test("gated jobs run on the nodes that can, and leave their results: a directory", async () => {
  await using directory = await TempDir.make();
  await runFleet({ address: directory.join("queue"), env: {} }, directory);
});

test("gated jobs run on the nodes that can, and leave their results: Azure Storage Queue", async () => {
  await using directory = await TempDir.make();
  const env = { JOBQ_CONNECTION_STRING: await connectionString() };
  await runFleet({ address: `devstoreaccount1/${newQueueName()}`, env }, directory);
});

test("gated jobs run on the nodes that can, and leave their results: Azure Service Bus", async () => {
  await using directory = await TempDir.make();
  await using broker = await ServiceBusBroker.start({
    autoCreate: false,
    queues: { q: { maxDeliveryCount: 10 } },
  });
  const env = { JOBQ_CONNECTION_STRING: broker.connectionString };
  await runFleet({ address: "sb://localhost/q", env }, directory);
});
