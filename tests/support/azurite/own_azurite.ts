import { TempDir } from "../temp_dir.ts";
import { waitUntil } from "../wait_until.ts";
import { type AzuritePorts, AzuriteProcess, connectionStringOf } from "./process.ts";

/** An Azurite for one test, which can be stopped and comes back at the same ports with all that it had. */
export class OwnAzurite implements AsyncDisposable {
  readonly ports: AzuritePorts;
  readonly #dir: TempDir;
  #process: AzuriteProcess | undefined;

  private constructor(dir: TempDir, process: AzuriteProcess) {
    this.#dir = dir;
    this.#process = process;
    this.ports = process.ports;
  }

  /** Answers when it listens, at free ports unless told. */
  static async make(ports?: AzuritePorts): Promise<OwnAzurite> {
    const dir = await TempDir.make();
    try {
      return new OwnAzurite(dir, await AzuriteProcess.start({ directory: dir.path, ports }));
    } catch (error) {
      await dir[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Stays the same over a restart. */
  get connectionString(): string {
    return connectionStringOf(this.ports);
  }

  /** Undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it again after `stop()`, with its queues, messages and their leases. */
  async start(): Promise<void> {
    // Meanwhile somebody's connection may have got one of the ports; it is not for long.
    this.#process ??= await waitUntil(() => this.#tryStart(), { limitMs: 30_000, what: "Azurite's restart" });
  }

  /**
   * Ends it as seen from its clients when a server dies: connections break in the midst of a request, new ones are
   * refused. What it had answered is kept, as Azure keeps it. (Azurite itself would lose up to 5 s of it when
   * killed with -9.)
   */
  async stop(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#dir[Symbol.asyncDispose]();
  }

  async #tryStart(): Promise<AzuriteProcess | undefined> {
    try {
      return await AzuriteProcess.start({ directory: this.#dir.path, ports: this.ports });
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return undefined;
      throw error;
    }
  }
}
