import { Connection } from "../../src/backends/sqlite/connection.ts";
import type { QueueContext } from "../../src/backends/sqlite/context.ts";
import { LogFiles } from "../../src/backends/log_files/log_files.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { Queue } from "../../src/core/queue.ts";
import { silentLogger } from "../../src/log/logger.ts";
import { openAt } from "./sqlite.ts";
import { TempDir } from "./temp_dir.ts";

/** An SQLite queue in a directory of its own, with what its parts are made of. */
export class SqliteFixture implements AsyncDisposable {
  readonly path: string;
  readonly queue: Queue;
  /** On a connection of its own, as another process would have it. */
  readonly context: QueueContext;
  readonly #stack: AsyncDisposableStack;

  private constructor(queue: Queue, { context, path, stack }: {
    context: QueueContext;
    path: string;
    stack: AsyncDisposableStack;
  }) {
    this.queue = queue;
    this.context = context;
    this.path = path;
    this.#stack = stack;
  }

  static async make({ clock = systemClock, name = "default" }: { clock?: Clock; name?: string } = {}) {
    await using stack = new AsyncDisposableStack();
    const path = stack.use(await TempDir.make()).join("jobs.db");
    const queue = stack.use(await openAt(path, { clock, queue: name }));
    const connection = stack.use(
      await Connection.open({ path, durability: "normal", clock, log: silentLogger }),
    );
    const queueId = Number(
      connection.prepare("SELECT id FROM queues WHERE name = ?").get(name)?.id,
    );
    const context = { connection, queueId, clock, logs: new LogFiles(`${path}.d/logs`) };
    return new SqliteFixture(queue, { context, path, stack: stack.move() });
  }

  /** Runs statements on the file behind jobq's back. */
  exec(sql: string): void {
    this.context.connection.database.exec(sql);
  }

  /** The first column of the first row that a query answers. */
  ask(sql: string): unknown {
    return Object.values(this.context.connection.database.prepare(sql).get() ?? {})[0];
  }

  /** Another queue of the same file. */
  async openOther(name = "other"): Promise<Queue> {
    return this.#stack.use(await openAt(this.path, { clock: this.context.clock, queue: name }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
