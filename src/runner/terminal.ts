import { BackendError } from "../core/errors.ts";
import type { Programs } from "./programs.ts";

/**
 * Says where the terminal is and keeps it open until the pipe at 3 is closed, by us or by our end. It leaves what is
 * written to it as it is: no carriage return comes before a line feed.
 */
const HOLD = "stty sane -opost rows 24 cols 80 2>/dev/null; tty; read -ru 3";

/**
 * script(1) makes a terminal, runs `$SHELL -c` on it, and prints what is written there. It would type its own input, so
 * that is empty, and the pipe goes past it.
 */
const SCRIPT = 'exec 3<&0 </dev/null; exec "$0" -qfc "$1" /dev/null';

export interface TerminalOptions {
  readonly programs: Programs;
  /** Where the shell on it finds stty and tty. */
  readonly path: string;
}

/**
 * A pseudo-terminal of 80 columns and 24 lines, at which nobody types. A job that prints to it is no child of script(1)
 * and does not run in the terminal's own session: its exit, its signals and its process group are what they are without,
 * and no hangup reaches what it leaves behind.
 */
export class Terminal implements AsyncDisposable {
  /** As a file, for those that print to it. */
  readonly path: string;
  readonly #holder: Deno.ChildProcess;
  readonly #complaints: Promise<string>;

  private constructor(
    path: string,
    { holder, complaints }: { holder: Deno.ChildProcess; complaints: Promise<string> },
  ) {
    this.path = path;
    this.#holder = holder;
    this.#complaints = complaints;
  }

  /** Makes a terminal. @throws {BackendError} when this machine has none left; what the runtime throws when it starts no process */
  static async open({ programs, path }: TerminalOptions): Promise<Terminal> {
    const { script = "script", bash, setsid } = programs;
    const shell = [bash, "-c", SCRIPT, script, HOLD];
    const [file = bash, ...args] = setsid ? [setsid, "--", ...shell] : shell;
    const holder = new Deno.Command(file, {
      args,
      clearEnv: true,
      env: { PATH: `${path}:/usr/bin:/bin`, SHELL: bash },
      cwd: "/",
      detached: setsid === undefined,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const complaints = new Response(holder.stderr).text();
    const line = await firstLine(holder.stdout);
    const terminal = new Terminal(line, { holder, complaints });
    if (line.startsWith("/dev/")) return terminal;
    await terminal[Symbol.asyncDispose]();
    throw new BackendError(
      `Cannot make a terminal for a job: ${(await complaints).trim() || line || "script ended"}`,
      {
        hint: "check how many terminals this machine may have (sysctl kernel.pty), or run jobs without one",
      },
    );
  }

  /** What is printed to it, until it is closed. */
  get output(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#holder.stdout;
  }

  /** Nothing more is printed: what is on its way still comes out, and then `output` ends. */
  async close(): Promise<void> {
    await this.#holder.stdin.close().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    try {
      this.#holder.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    // Whoever reads it ends it; without a job nobody does.
    const ended = this.output.cancel().catch(() => {});
    await Promise.all([this.#holder.status, this.#complaints, ended]);
  }
}

/** The first line, or what there is of it; nothing else comes before somebody is told where the terminal is. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.endsWith("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text.trim();
}
