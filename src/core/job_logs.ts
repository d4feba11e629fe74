import type { JobId } from "./job.ts";

/** One execution of a job: executions are numbered from 1. */
export interface ExecutionKey {
  readonly id: JobId;
  readonly execution: number;
}

/** Takes what an execution prints, both streams as they come. Never rejects: a log that cannot be kept fails no job. */
export interface LogWriter {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Part of a log. */
export interface LogPart {
  readonly bytes: Uint8Array;
  /** Where the part begins in all that was printed, in bytes: later than asked for where the beginning was dropped. */
  readonly from: number;
}

export interface LogWriterOptions {
  /** The most that is kept of one execution, in bytes; the oldest goes first. */
  readonly maxBytes: number;
  /** Told once why the log, or the rest of it, is not kept. */
  readonly onProblem?: (reason: string) => void;
}

/** Keeps the output of jobs. */
export interface JobLogs {
  /** Where people find them, for messages. */
  readonly place: string;
  open(execution: ExecutionKey, options: LogWriterOptions): LogWriter;
  /**
   * What was printed from byte `from` on, at most 1 MiB of it; empty when there is no more yet, or no log.
   */
  read(execution: ExecutionKey, from: number): Promise<LogPart>;
}
