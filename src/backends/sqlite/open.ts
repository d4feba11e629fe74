import { type Clock, systemClock } from "../../core/clock.ts";
import { AccessDeniedError, errorMessage, QueueNotFoundError } from "../../core/errors.ts";
import type { Queue } from "../../core/queue.ts";
import { silentLogger } from "../../log/logger.ts";
import { type Address, formatAddress } from "../address.ts";
import type { OpenQueueOptions } from "../registry.ts";
import { Connection } from "./connection.ts";
import { checkFile, directoryOf } from "./file_check.ts";
import { SqliteQueue } from "./queue.ts";

type SqliteAddress = Extract<Address, { kind: "sqlite" }>;

export interface OpenSqliteQueueOptions extends OpenQueueOptions {
  readonly clock?: Clock;
}

/** Opens one queue of an SQLite file. */
export async function openSqliteQueue(
  address: SqliteAddress,
  options: OpenSqliteQueueOptions = {},
): Promise<Queue> {
  const { durability = "full", create = true, log = silentLogger, clock = systemClock, signal } = options;
  // Jobs are told the address, and may run in another directory.
  const path = address.path.startsWith("/") ? address.path : `${Deno.cwd()}/${address.path}`;
  if (address.isDefault && create) await makeDirectory(directoryOf(path));
  checkFile(path, { create });
  const connection = await Connection.open({ path, durability, clock, log }, signal);
  try {
    const queueId = await findQueue(connection, address, { create, signal });
    return new SqliteQueue({ connection, queueId, clock, name: formatAddress({ ...address, path }) });
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AccessDeniedError(
      `Cannot make the directory "${directory}" for the default queue: ${errorMessage(error)}`,
      {
        hint: "name a queue elsewhere with -q, or set XDG_STATE_HOME",
        cause: error,
      },
    );
  }
}

async function findQueue(
  connection: Connection,
  address: SqliteAddress,
  { create, signal }: { create: boolean; signal?: AbortSignal },
): Promise<number> {
  const find = () => connection.prepare("SELECT id FROM queues WHERE name = ?").get(address.queue)?.id;
  const found = await connection.read("open", find, signal);
  if (found !== undefined) return Number(found);
  if (!create) {
    throw new QueueNotFoundError(
      `Cannot open "${formatAddress(address)}": the file has no queue "${address.queue}"`,
      {
        hint: "check the name; `jobq push` makes a queue that does not exist",
      },
    );
  }
  return await connection.transaction({ action: "open", durable: false, signal }, () => {
    connection.prepare("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING").run(address.queue);
    return Number(find());
  });
}
