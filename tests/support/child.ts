import { TextLineStream } from "./text_line_stream.ts";

export interface ChildOptions {
  readonly env?: Record<string, string>;
  /** A program and its arguments that start the child: `["setpriv", "--bounding-set", "-all", "--"]`. */
  readonly through?: readonly string[];
}

export interface ChildResult {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A script of tests/support/ in a process of its own, which ends with the scope at the latest. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;

  constructor(script: string, args: readonly string[], options: ChildOptions = {}) {
    this.#process = spawn(script, args, options);
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
      .getReader();
    this.#stderr = new Response(this.#process.stderr).text();
  }

  /** The next line of its output. @throws when it ends before */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.read();
    if (done) throw new Error(`the child ended early: ${await this.#stderr}`);
    return value;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Writes to its standard input, for scripts that wait for a word to go on. */
  async tell(text = "go on\n"): Promise<void> {
    const writer = this.#process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Ends its standard input, which tells the scripts that wait for it to go on. */
  async closeInput(): Promise<void> {
    await this.#process.stdin.close();
  }

  /** Ends it as a power cut would, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  /** Waits for its end; answers the lines that were not read yet. */
  async finish(): Promise<readonly string[]> {
    const rest: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.read();
      if (done) break;
      rest.push(value);
    }
    const { code } = await this.#process.status;
    if (code !== 0) throw new Error(`the child exited with ${code}: ${await this.#stderr}`);
    return rest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#lines.cancel();
    await this.#stderr;
    await this.#process.stdin.abort().catch(() => {});
  }
}

/** Runs a script of tests/support/ to its end. */
export async function runScript(
  script: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const process = spawn(script, args, options);
  await process.stdin.close();
  const { code, signal, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function spawn(
  script: string,
  args: readonly string[],
  { env, through = [] }: ChildOptions,
): Deno.ChildProcess {
  const path = new URL(script, import.meta.url).pathname;
  const [program = "", ...rest] = [...through, Deno.execPath(), "run", "-A", "--quiet", path, ...args];
  return new Deno.Command(program, { args: rest, env, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
}
