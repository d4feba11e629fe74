import type { CallOptions } from "../../core/queue.ts";
import {
  type StopRequest,
  WORKER_BEAT_MS,
  type WorkerInfo,
  type WorkerPresence,
  type WorkerRegistry,
  type WorkerSelf,
} from "../../core/workers.ts";
import { formatJobId } from "../numbered_id.ts";
import type { QueueContext } from "./context.ts";
import { readSnapshot } from "./snapshot.ts";

/** Who has not been heard of for a day is forgotten. */
const FORGET_MS = 86_400_000;

const FORGET = "DELETE FROM workers WHERE queue_id = :queue_id AND beat_at <= :forgotten";

const REGISTER = `
  INSERT OR REPLACE INTO workers (queue_id, id, host, pid, slots, started_at, beat_at)
  VALUES (:queue_id, :id, :host, :pid, :slots, :started_at, :now)`;

const REPORT = "SELECT beat_at, stop FROM workers WHERE queue_id = ? AND id = ?";
const BEAT = "UPDATE workers SET beat_at = ? WHERE queue_id = ? AND id = ?";

// Another process may have taken the id since.
const LEAVE = "DELETE FROM workers WHERE queue_id = ? AND id = ? AND pid = ? AND started_at = ?";

const STOP = `
  UPDATE workers SET stop = :request WHERE queue_id = :queue_id AND id = :id AND beat_at > :forgotten`;

const LIST = `
  SELECT id, host, pid, slots, started_at, beat_at, stop FROM workers
  WHERE queue_id = :queue_id AND beat_at > :forgotten ORDER BY started_at, id`;

export const HELD = `
  SELECT worker_id, seq, suffix FROM jobs
  WHERE queue_id = ? AND visible_at IS NOT NULL AND state = 'running' ORDER BY seq`;

interface WorkerRow {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly slots: number;
  readonly started_at: number;
  readonly beat_at: number;
  readonly stop: string | null;
}

/** The workers of one queue of a file. */
export class SqliteWorkers implements WorkerRegistry {
  readonly #context: QueueContext;

  constructor(context: QueueContext) {
    this.#context = context;
  }

  async register(self: WorkerSelf, { signal }: CallOptions = {}): Promise<WorkerPresence> {
    const { connection, queueId, clock } = this.#context;
    const presence = new SqliteWorkerPresence(this.#context, self);
    await presence.register(signal);
    const values = { queue_id: queueId, forgotten: clock.now() - FORGET_MS };
    await connection.write(
      { action: "register a worker of", durable: false, signal },
      () => connection.prepare(FORGET).run(values),
    );
    return presence;
  }

  async list({ signal }: CallOptions = {}): Promise<readonly WorkerInfo[]> {
    const { connection, queueId, clock } = this.#context;
    const values = { queue_id: queueId, forgotten: clock.now() - FORGET_MS };
    const statements = () => ({
      workers: connection.prepare(LIST).all(values) as unknown as WorkerRow[],
      held: connection.prepare(HELD).all(queueId),
    });
    const { workers, held } = await readSnapshot(connection, "list the workers of", { statements, signal });
    const jobs = Map.groupBy(held, ({ worker_id }) => worker_id);
    return workers.map(({ id, host, pid, slots, started_at, beat_at, stop }) => ({
      id,
      host,
      pid,
      slots,
      startedAt: started_at,
      beatAt: beat_at,
      jobs: (jobs.get(id) ?? []).map(({ seq, suffix }) => formatJobId(Number(seq), String(suffix))),
      stop: decodeStop(stop),
    }));
  }

  stop(id: string, request: StopRequest, { signal }: CallOptions = {}): Promise<boolean> {
    const { connection, queueId, clock } = this.#context;
    const values = { queue_id: queueId, id, request, forgotten: clock.now() - FORGET_MS };
    return connection.write(
      { action: "stop a worker of", durable: false, signal },
      () => connection.prepare(STOP).run(values).changes === 1,
    );
  }
}

/** A row of the table `workers`. */
class SqliteWorkerPresence implements WorkerPresence {
  readonly #context: QueueContext;
  readonly #self: WorkerSelf;
  readonly #startedAt: number;

  constructor(context: QueueContext, self: WorkerSelf) {
    this.#context = context;
    this.#self = self;
    this.#startedAt = context.clock.now();
  }

  async register(signal?: AbortSignal): Promise<void> {
    const { connection, queueId, clock } = this.#context;
    const { id, host, pid, slots } = this.#self;
    const values = { queue_id: queueId, id, host, pid, slots, started_at: this.#startedAt };
    await connection.write(
      { action: "register a worker of", durable: false, signal },
      () => connection.prepare(REGISTER).run({ ...values, now: clock.now() }),
    );
  }

  async report(): Promise<StopRequest | undefined> {
    const { connection, queueId, clock } = this.#context;
    const { id } = this.#self;
    const row = await connection.read("read", () => connection.prepare(REPORT).get(queueId, id));
    if (row === undefined) {
      await this.register();
      return undefined;
    }
    // Every write wakes all who wait for a change. A beat that is to come is from before the clock was set back.
    const sinceMs = clock.now() - Number(row.beat_at);
    if (sinceMs < 0 || sinceMs >= WORKER_BEAT_MS) {
      await connection.write(
        { action: "register a worker of", durable: false },
        () => connection.prepare(BEAT).run(clock.now(), queueId, id),
      );
    }
    return decodeStop(row.stop);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { connection, queueId } = this.#context;
    const { id, pid } = this.#self;
    await connection.write(
      { action: "take a worker out of", durable: false },
      () => connection.prepare(LEAVE).run(queueId, id, pid, this.#startedAt),
    );
  }
}

/** What a newer jobq may ask for is not understood, and so not heard. */
function decodeStop(text: unknown): StopRequest | undefined {
  return text === "drain" || text === "now" ? text : undefined;
}
