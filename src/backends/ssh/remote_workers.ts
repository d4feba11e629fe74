import type { CallOptions } from "../../core/queue.ts";
import type {
  StopRequest,
  WorkerInfo,
  WorkerPresence,
  WorkerRegistry,
  WorkerSelf,
} from "../../core/workers.ts";
import type { Connection } from "./connection.ts";
import type { Link } from "./link.ts";

/** The workers of a queue on the other side of a link. */
export class RemoteWorkers implements WorkerRegistry {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async register(self: WorkerSelf, { signal }: CallOptions = {}): Promise<WorkerPresence> {
    const presence = new RemotePresence(this.#link, self);
    await presence.register(signal);
    return presence;
  }

  list({ signal }: CallOptions = {}): Promise<readonly WorkerInfo[]> {
    return this.#link.call("workers.list", {}, { action: "list the workers of", signal, repeat: true });
  }

  /** Asking twice is asking once. */
  stop(worker: string, request: StopRequest, { signal }: CallOptions = {}): Promise<boolean> {
    const options = { action: "stop a worker of", signal, repeat: true };
    return this.#link.call("workers.stop", { worker, request }, options);
  }
}

/** A worker's entry, made again on each new connection: the one before may be gone with the other side's process. */
class RemotePresence implements WorkerPresence {
  readonly #link: Link;
  readonly #self: WorkerSelf;
  #home: { readonly connection: Connection; readonly presence: number } | undefined;
  /** As the entry of the connection before had it. */
  #stop: StopRequest | undefined;

  constructor(link: Link, self: WorkerSelf) {
    this.#link = link;
    this.#self = self;
  }

  async register(signal?: AbortSignal): Promise<void> {
    const options = { action: "register a worker of", signal, repeat: true };
    await this.#link.use((connection) => this.#presenceOn(connection), options);
  }

  async report(): Promise<StopRequest | undefined> {
    const heard = await this.#link.use(async (connection) => {
      const presence = await this.#presenceOn(connection);
      return await connection.request("workers.report", { presence });
    }, { action: "register a worker of", repeat: true });
    return heard ?? this.#stop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link.use(async (connection) => {
      const presence = await this.#presenceOn(connection);
      await connection.request("workers.leave", { presence });
    }, { action: "take a worker out of", repeat: true });
  }

  async #presenceOn(connection: Connection): Promise<number> {
    if (this.#home?.connection === connection) return this.#home.presence;
    const presence = connection.nextNumber();
    const again = this.#home !== undefined;
    const stop = await connection.request("workers.register", { presence, self: this.#self, again });
    this.#stop = stop ?? this.#stop;
    this.#home = { connection, presence };
    return presence;
  }
}
