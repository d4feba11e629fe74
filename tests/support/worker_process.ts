import { JOBQ_WORDS } from "./jobq.ts";

/** A `jobq worker` in a process of its own, which ends with the scope at the latest. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<string>;
  readonly #printed = { stdout: "", stderr: "" };

  constructor(address: string, args: readonly string[] = [], env: Record<string, string> = {}) {
    const [program = "", ...words] = JOBQ_WORDS;
    this.#child = new Deno.Command(program, {
      args: [...words, address, "worker", ...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = this.#collect("stdout");
    this.#stderr = this.#collect("stderr");
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it wrote to its log so far. */
  get log(): string {
    return this.#printed.stderr;
  }

  /** What its jobs printed so far. */
  get output(): string {
    return this.#printed.stdout;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end; answers its exit code. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await Promise.all([this.#stdout, this.#stderr]);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended();
  }

  async #collect(stream: "stdout" | "stderr"): Promise<string> {
    for await (const text of this.#child[stream].pipeThrough(new TextDecoderStream())) {
      this.#printed[stream] += text;
    }
    return this.#printed[stream];
  }
}
