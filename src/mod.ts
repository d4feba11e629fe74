/**
 * jobq as a library: open a queue, push jobs, run a worker.
 *
 * @module
 */
export {
  type AzureOptions,
  type Durability,
  openBlobDestination,
  type OpenBlobDestinationOptions,
  openQueue,
  type OpenQueueOptions,
  type SshOptions,
} from "./backends/registry.ts";
export { Worker } from "./worker/worker.ts";
export type { LeaveReason, WorkerOptions, WorkerSummary } from "./worker/worker_options.ts";
export { DEFAULT_GATE_SETTINGS, type GateSettings } from "./worker/gate/gate_settings.ts";
export type { DirsyncContext, OpenBlobs } from "./worker/synced_directory.ts";
export type { KeepFinished } from "./worker/retention.ts";
export type { WorkerCounts } from "./worker/tally.ts";
export { processRunner, type ProcessRunnerOptions } from "./runner/process_runner.ts";
export { type FunctionContext, functionRunner, type JobFunction } from "./runner/function_runner.ts";
export type { RunContext, Runner, StopReason } from "./runner/runner.ts";
export {
  discardOutput,
  type JobOutput,
  type OutputFactory,
  type OutputOf,
  type StreamName,
} from "./runner/output.ts";
export { createLogger, type Logger, type LogLevel, type LogRecord, silentLogger } from "./log/logger.ts";
export { type Clock, systemClock } from "./core/clock.ts";
export * from "./core/errors.ts";
export type { WorkerEvent } from "./core/events.ts";
export { EXIT, type ExitCode } from "./core/exit_code.ts";
export type { Failure } from "./core/failure.ts";
export type { GateRefusal, NewRefusal } from "./core/gate.ts";
export type { PutOptions, SyncDestination, SyncFile } from "./core/sync_destination.ts";
export type {
  After,
  FinishedState,
  IfExists,
  Job,
  JobId,
  JobState,
  JsonValue,
  NewJob,
  ParentCondition,
  Task,
} from "./core/job.ts";
export type { ExecutionKey, JobLogs, LogPart, LogWriter, LogWriterOptions } from "./core/job_logs.ts";
export type * from "./core/job_store.ts";
export type { Outcome, Settlement } from "./core/outcome.ts";
export type {
  Capabilities,
  Counts,
  DeadLetter,
  DeadLetters,
  DeadLetterSelection,
  EnqueueOptions,
  Lease,
  LeaseOptions,
  ParentResults,
  Queue,
} from "./core/queue.ts";
export type { RetryPolicy } from "./core/retry_policy.ts";
export {
  isAlive,
  type StopRequest,
  type WorkerInfo,
  type WorkerPresence,
  type WorkerRegistry,
  type WorkerSelf,
} from "./core/workers.ts";
