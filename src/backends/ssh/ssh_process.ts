import { DONE } from "../../core/abort.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { BackendError, errorMessage, type JobqError } from "../../core/errors.ts";
import { startLine } from "../start_line.ts";
import type { Askpass } from "./askpass.ts";
import type { Channel } from "./channel.ts";
import { LastText } from "./last_text.ts";
import type { SshEnd } from "./ssh_failure.ts";

export interface SshProcessOptions {
  /** The absolute path of ssh. */
  readonly ssh: string;
  readonly args: readonly string[];
  /** The whole of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Belongs to the process, and ends with it. */
  readonly askpass?: Askpass;
  /** What its end means for whoever did not expect it. */
  readonly explain: (end: SshEnd) => JobqError;
  /** Told of each line that it writes to standard error. */
  readonly onLine: (line: string) => void;
  readonly clock?: Clock;
}

/** How long an ssh whose input has ended may take to end, in ms: the other side ends first, and says so. */
const CLOSE_GRACE_MS = 2_000;
/** How long an ssh that has closed its output may take to end by itself, in ms. */
const END_GRACE_MS = 2_000;
/** How long its standard error may stay open after its end, in ms: one that it left in the background may hold it. */
const STDERR_GRACE_MS = 500;

/**
 * ssh is to live until jobq has given its jobs back, but the signals that ask jobq to stop go to all processes of the
 * terminal, or of a batch job. A session of its own would keep them off, but also the terminal, on which ssh asks for a
 * key's passphrase and about new hosts. So a shell has them ignored and then becomes ssh, which leaves them so (see
 * client_loop() in OpenSSH's clientloop.c); while it asks something, Ctrl-C still ends the question.
 *
 * The shell also says to the helper that hands over passwords which ssh is ours.
 */
const START = `trap '' HUP INT QUIT TERM
[ -z "$SSH_ASKPASS_REQUIRE" ] || export JOBQ_ASKPASS_PID=$$
exec "$0" "$@"`;

/** A running ssh, as what connects this jobq with one on the other side. */
export class SshProcess implements Channel {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #stderr: LastText;
  readonly #explain: (end: SshEnd) => JobqError;
  readonly #clock: Clock;
  readonly #ended: Promise<Deno.CommandStatus>;
  #closing: Promise<void> | undefined;

  private constructor(
    child: Deno.ChildProcess,
    { askpass, explain, onLine, clock = systemClock }: SshProcessOptions,
  ) {
    this.#child = child;
    this.#explain = explain;
    this.#clock = clock;
    // Whoever speaks over the channel holds its streams, and close() has to end them nevertheless.
    const input = this.#input = child.stdin.getWriter();
    const output = this.#output = child.stdout.getReader();
    input.closed.catch(() => {});
    output.closed.catch(() => {});
    this.#stderr = new LastText(child.stderr, onLine);
    this.#ended = child.status.finally(() => askpass?.[Symbol.asyncDispose]());
    this.readable = new ReadableStream({
      pull: async (controller) => {
        const { value, done } = await output.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => output.cancel(reason),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      write: (chunk) => input.write(chunk),
      close: () => input.close(),
      abort: (reason) => input.abort(reason),
    });
  }

  /** @throws {BackendError} when this machine starts no processes */
  static start(options: SshProcessOptions): SshProcess {
    const { ssh, askpass } = options;
    try {
      const { file, args, env } = startLine([ssh, ...options.args], {
        env: { ...options.env, ...askpass?.env },
        script: START,
      });
      const child = new Deno.Command(file, {
        args,
        clearEnv: true,
        env,
        // With a password at hand, nothing is asked on a terminal; OpenSSH before 8.4 would, as long as it has one.
        detached: askpass !== undefined,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      return new SshProcess(child, options);
    } catch (error) {
      throw new BackendError(`Cannot start ssh: ${errorMessage(error)}`, {
        hint: "check this machine's limits on processes, open files and memory (ulimit -a)",
        cause: error,
      });
    }
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async failure(): Promise<JobqError> {
    const status = await this.#endWithin(END_GRACE_MS);
    await this.#endStderr();
    return this.#explain({
      code: status === undefined || status.signal !== null ? undefined : status.code,
      stderr: this.#stderr.text,
    });
  }

  async #close(): Promise<void> {
    // The jobq over there ends with its input, and ssh with that; what it still says is of no use.
    const closed = this.#input.close().catch(() => {});
    const drained = this.#drain();
    if (await this.#endWithin(CLOSE_GRACE_MS) === undefined) this.#kill();
    await this.#ended;
    await this.#output.cancel().catch(() => {});
    await Promise.all([closed, drained, this.#endStderr()]);
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #drain(): Promise<void> {
    try {
      while (!(await this.#output.read()).done);
    } catch {
      // Cancelled, or broken off.
    }
  }

  async #endStderr(): Promise<void> {
    const timer = new AbortController();
    await Promise.race([this.#stderr.ended, this.#clock.sleep(STDERR_GRACE_MS, timer.signal)]);
    timer.abort(DONE);
    await this.#stderr.cancel();
  }

  async #endWithin(ms: number): Promise<Deno.CommandStatus | undefined> {
    const timer = new AbortController();
    const status = await Promise.race([
      this.#ended,
      this.#clock.sleep(ms, timer.signal).then(() => undefined),
    ]);
    timer.abort(DONE);
    return status;
  }
}
