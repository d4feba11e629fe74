import type { Clock } from "../../src/core/clock.ts";
import type { Job, Task } from "../../src/core/job.ts";
import { createLogger, type LogRecord } from "../../src/log/logger.ts";
import { Gates, type GateVerdict } from "../../src/worker/gate/gates.ts";
import { type GateSettings, readGateSettings } from "../../src/worker/gate/gate_settings.ts";
import { jobOf } from "./run_job.ts";
import { TempDir } from "./temp_dir.ts";
import { waitUntil } from "./wait_until.ts";

export interface AskOptions {
  readonly task?: Task;
  readonly job?: Partial<Job>;
  readonly env?: Readonly<Record<string, string>>;
  /** Asks under this signal instead of one of its own. */
  readonly signal?: AbortSignal;
}

export interface Asking {
  readonly verdict: Promise<GateVerdict>;
  readonly stop: () => void;
  readonly kill: () => void;
}

export interface GateBenchOptions {
  readonly settings?: Partial<GateSettings>;
  readonly clock?: Clock;
  readonly killTimeoutMs?: number;
}

/** Real gates, in a directory of their own that is their working directory. */
export class GateBench implements AsyncDisposable {
  readonly gates: Gates;
  readonly logged: LogRecord[] = [];
  readonly dir: TempDir;

  private constructor(dir: TempDir, { settings, ...options }: GateBenchOptions) {
    this.dir = dir;
    this.gates = new Gates({
      settings: { ...readGateSettings(() => undefined), ...settings },
      log: createLogger("debug", (record) => this.logged.push(record)),
      ...options,
    });
  }

  static async open(options: GateBenchOptions = {}): Promise<GateBench> {
    return new GateBench(await TempDir.make(), options);
  }

  start(command: string, { task, job, env, signal }: AskOptions = {}): Asking {
    const stop = new AbortController();
    const kill = new AbortController();
    const verdict = this.gates.ask(jobOf(task ?? "true", { cwd: this.dir.path, ...job }), command, {
      env: { JOBQ_WORKER_ID: `test-${crypto.randomUUID()}`, ...env },
      signal: signal ?? stop.signal,
      kill: kill.signal,
      slot: 0,
    });
    return { verdict, stop: () => stop.abort(), kill: () => kill.abort() };
  }

  async ask(command: string, options?: AskOptions): Promise<GateVerdict> {
    return await this.start(command, options).verdict;
  }

  /** How many lines a file of the directory has; 0 for none. */
  async lines(name: string): Promise<number> {
    const text = await Deno.readTextFile(this.dir.join(name)).catch(() => "");
    return text.split("\n").length - 1;
  }

  /** Resolves when a gate has written so many lines to the file. */
  async untilLines(name: string, count = 1): Promise<void> {
    await waitUntil(async () => await this.lines(name) >= count, { what: `${count} lines in ${name}` });
  }

  /** What a file of the directory holds, less the white space around it. */
  async text(name: string): Promise<string> {
    return (await Deno.readTextFile(this.dir.join(name))).trim();
  }

  /** Makes an empty file in the directory. */
  async touch(name: string): Promise<void> {
    await Deno.writeTextFile(this.dir.join(name), "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gates[Symbol.asyncDispose]();
    await this.dir[Symbol.asyncDispose]();
  }
}
