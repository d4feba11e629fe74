import type { Durability } from "@jobq/jobq";
import { denoRun, sibling } from "./processes.ts";

export interface TakersOptions {
  readonly kind: "jobq" | "bare";
  readonly path: string;
  readonly durability: Durability;
  /** Processes. */
  readonly count: number;
}

/** Processes that lease and ack jobs of one file when told to. */
export class Takers implements AsyncDisposable {
  readonly #takers: readonly Taker[];

  constructor({ kind, path, durability, count }: TakersOptions) {
    this.#takers = Array.from({ length: count }, () => new Taker([kind, path, durability]));
  }

  /** Has them take this many jobs together; resolves when all are done. */
  async take(jobs: number): Promise<void> {
    await Promise.all(this.#takers.map((taker) => taker.take(jobs / this.#takers.length)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#takers.map((taker) => taker.end()));
  }
}

class Taker {
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<Uint8Array>;

  constructor(args: string[]) {
    const [file = "", ...words] = denoRun(sibling("lease_ack_taker.ts"), ...args);
    this.#child = new Deno.Command(file, { args: words, stdin: "piped", stdout: "piped" }).spawn();
    this.#requests = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.getReader();
  }

  async take(jobs: number): Promise<void> {
    await this.#requests.write(new TextEncoder().encode(`${jobs}\n`));
    if ((await this.#answers.read()).done) throw new Error("a process of the benchmark ended early");
  }

  async end(): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#answers.cancel().catch(() => {});
    await this.#child.status;
  }
}
