import { TempDir } from "../../support/temp_dir.ts";
import { pythonEnv, pythonProgram } from "./python_tool.ts";

/** A worker of the Python tool, which ends with the scope at the latest, and with it all processes that it started. */
export class PythonWorker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** Holds what a killed one leaves behind. */
  readonly #dir: TempDir;
  readonly #collected: Promise<unknown>;
  #log = "";

  private constructor(child: Deno.ChildProcess, dir: TempDir) {
    this.#child = child;
    this.#dir = dir;
    this.#collected = Promise.all([this.#collect(child.stdout), this.#collect(child.stderr)]);
  }

  static async start(
    address: string,
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<PythonWorker> {
    const dir = await TempDir.make();
    const command = new Deno.Command(pythonProgram("ai4s-jobq"), {
      args: [address, "worker", ...args],
      clearEnv: true,
      env: { ...pythonEnv(), ...env, TMPDIR: dir.path, JOBQ_PID_DIR: dir.path },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // A process group of its own: killed, it leaves helpers behind.
      detached: true,
    });
    return new PythonWorker(command.spawn(), dir);
  }

  /** What it and its jobs printed so far. */
  get log(): string {
    return this.#log;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it as a power cut would, but for the jobs that run, and waits until it is gone. */
  async kill(): Promise<void> {
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      // All have ended already.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.ended();
  }

  /** Waits for its end; answers its exit code. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#collected;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#dir[Symbol.asyncDispose]();
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }
}
