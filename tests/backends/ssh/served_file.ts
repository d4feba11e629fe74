import type { Connect } from "../../../src/backends/ssh/channel.ts";
import { serveQueue } from "../../../src/backends/ssh/serve.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { BackendError } from "../../../src/core/errors.ts";
import type { Queue } from "../../../src/core/queue.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { CuttablePipe } from "./cuttable_pipe.ts";

export interface ConnectorOptions {
  /** Opens the queue that is served. Default: that of the file. */
  readonly open?: () => Promise<Queue>;
}

/** What is between a client and the server of one connection. */
export interface ServedConnection {
  readonly toServer: CuttablePipe;
  readonly toClient: CuttablePipe;
  /** When the server has ended; what it failed with. */
  readonly ended: Promise<unknown>;
}

/** A queue in a file that is served to whoever connects, each by a server of its own and through pipes in memory. */
export class ServedFile implements AsyncDisposable {
  readonly #directory: TempDir;
  readonly connections: ServedConnection[] = [];
  /** Called with each connection before anything is sent. */
  onConnect: (connection: ServedConnection) => void = () => {};

  private constructor(directory: TempDir) {
    this.#directory = directory;
  }

  static async make(): Promise<ServedFile> {
    return new ServedFile(await TempDir.make());
  }

  /** The same queue without a connection between. */
  open(clock?: Clock): Promise<Queue> {
    return openAt(this.#directory.join("jobs.db"), { clock });
  }

  get last(): ServedConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("there is no connection");
    return last;
  }

  /** Makes connections to servers that live by this clock. */
  connector(clock?: Clock, { open = () => this.open(clock) }: ConnectorOptions = {}): Connect {
    return () => {
      const toServer = new CuttablePipe();
      const toClient = new CuttablePipe();
      const ended = Promise.resolve().then(() =>
        serveQueue(open, {
          readable: toServer.readable,
          writable: toClient.writable,
          log: silentLogger,
          clock,
        })
      ).catch((error) => error);
      const connection = { toServer, toClient, ended };
      this.connections.push(connection);
      this.onConnect(connection);
      return Promise.resolve({
        readable: toClient.readable,
        writable: toServer.writable,
        close: async () => {
          toServer.cut();
          await ended;
          toClient.cut();
        },
        failure: () =>
          Promise.resolve(new BackendError("Cannot reach the host: the line was cut", { transient: true })),
      });
    };
  }

  /** Ends the connection that is in use, in both directions. */
  cut(): void {
    this.last.toServer.cut();
    this.last.toClient.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { toServer, toClient } of this.connections) {
      toServer.cut();
      toClient.cut();
    }
    await Promise.all(this.connections.map(({ ended }) => ended));
    await this.#directory[Symbol.asyncDispose]();
  }
}
