import { DatabaseSync } from "node:sqlite";
import type { Durability } from "../../../src/backends/registry.ts";
import type { Lease, Queue } from "../../../src/core/queue.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

/** https://www.sqlite.org/pragma.html#pragma_synchronous */
const NORMAL = 1;
const FULL = 2;

interface Action {
  /** What `durability: "full"` makes of it. */
  readonly synchronous: number;
  run(queue: Queue, lease: Lease): Promise<unknown>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  "a push": { synchronous: FULL, run: (queue) => queue.enqueue([shellJob()]) },
  "an ack": { synchronous: FULL, run: (_, lease) => lease.ack() },
  "a retry": { synchronous: FULL, run: (_, lease) => lease.retry({ delayMs: 0, failure: FAILURE }) },
  "a dead letter": { synchronous: FULL, run: (_, lease) => lease.deadLetter(FAILURE) },
  "a purge": { synchronous: FULL, run: (queue) => queue.purge() },
  "a lease": { synchronous: NORMAL, run: (queue) => queue.lease({ leaseMs: 60_000, waitMs: 0 }) },
  "a renewal": { synchronous: NORMAL, run: (_, lease) => lease.renew(60_000) },
  "a release": { synchronous: NORMAL, run: (_, lease) => lease.release() },
};

for (const [what, action] of Object.entries(ACTIONS)) {
  test(`with durability "full", ${what} is synchronous = ${action.synchronous}`, async () => {
    assertEquals(await synchronousOf("full", action), action.synchronous);
  });

  test(`with durability "normal", ${what} is synchronous = ${NORMAL}`, async () => {
    assertEquals(await synchronousOf("normal", action), NORMAL);
  });
}

/** SQLite's setting after the action, asked on the queue's own connection. */
async function synchronousOf(durability: Durability, { synchronous, run }: Action): Promise<number> {
  await using directory = await TempDir.make();
  using opened = captureDatabases();
  await using queue = await openAt(directory.join("jobs.db"), { durability });
  await queue.enqueue([shellJob(), shellJob()]);
  await using lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
  const database = assertExists(opened.databases[0]);
  // The opposite of what is to come, so that an action that sets nothing is found out.
  await (synchronous === FULL ? lease.renew(60_000) : queue.enqueue([shellJob()]));
  await run(queue, lease);
  return Number(database.prepare("PRAGMA synchronous").get()?.synchronous);
}

/** Notes the connections on which statements run, without changing what they do. */
function captureDatabases(): Disposable & { readonly databases: readonly DatabaseSync[] } {
  const databases: DatabaseSync[] = [];
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
    if (!databases.includes(this)) databases.push(this);
    return exec.call(this, sql);
  };
  return { databases, [Symbol.dispose]: () => void (DatabaseSync.prototype.exec = exec) };
}
