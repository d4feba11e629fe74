import { UsageError } from "../../core/errors.ts";
import type { ExecutionKey, JobLogs, LogWriter } from "../../core/job_logs.ts";
import type { Event } from "./messages.ts";

interface Served {
  readonly writer: LogWriter;
  /** Its writes, one after the other. */
  last: Promise<void>;
}

/** The logs that somebody on the other side of a connection writes through us. */
export class ServedLogs {
  readonly #logs: JobLogs | undefined;
  readonly #tell: (event: Event) => void;
  readonly #writers = new Map<number, Served>();

  constructor(logs: JobLogs | undefined, tell: (event: Event) => void) {
    this.#logs = logs;
    this.#tell = tell;
  }

  /** @throws {UsageError} where no logs are kept */
  get logs(): JobLogs {
    if (this.#logs !== undefined) return this.#logs;
    throw new UsageError("Cannot use logs: this queue keeps none");
  }

  open(log: number, execution: ExecutionKey, maxBytes: number): void {
    const topic = `log ${log}` as const;
    const onProblem = (reason: string) => this.#tell({ event: "problem", topic, reason });
    this.#writers.set(log, {
      writer: this.logs.open(execution, { maxBytes, onProblem }),
      last: Promise.resolve(),
    });
  }

  write(log: number, bytes: Uint8Array): Promise<void> {
    return this.#next(log, (writer) => writer.write(bytes));
  }

  async close(log: number): Promise<void> {
    await this.#next(log, (writer) => writer.close());
    this.#writers.delete(log);
  }

  /** Never rejects. */
  async end(): Promise<void> {
    await Promise.all(Array.from(this.#writers.keys(), (log) => this.close(log).catch(() => {})));
  }

  #next(log: number, work: (writer: LogWriter) => Promise<void>): Promise<void> {
    const served = this.#writers.get(log);
    // It could not be opened, which has been told.
    if (served === undefined) return Promise.resolve();
    return served.last = served.last.then(() => work(served.writer));
  }
}
