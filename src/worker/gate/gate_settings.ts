import { numberFromEnv } from "../../core/env_number.ts";

/** How a worker deals with the gates of its jobs. */
export interface GateSettings {
  /** A gate that runs longer refuses, in ms. Default 30 s. */
  readonly timeoutMs: number;
  /** How long a job stays away after a gate refused it, in ms. Default 5 s. */
  readonly requeueDelayMs: number;
  /** How many gates' answers are kept. Default 128. */
  readonly cacheSize: number;
  /** How long a refusal is kept, in ms; 0 asks the gate each time. Default 60 s. */
  readonly negativeTtlMs: number;
  /** After so many refusals in a row the worker is of no use to the queue. Default 100. */
  readonly maxNotQualified: number;
}

/** How a worker deals with gates unless it is told otherwise. */
export const DEFAULT_GATE_SETTINGS: GateSettings = {
  timeoutMs: 30_000,
  requeueDelayMs: 5_000,
  cacheSize: 128,
  negativeTtlMs: 60_000,
  maxNotQualified: 100,
};

/** In seconds: a queue of Azure Storage hides a message for a week at most. */
const WEEK_S = 7 * 24 * 60 * 60;
/** The cache takes its room at once. */
const MAX_CACHE_SIZE = 100_000;

/**
 * The settings in the environment: `JOBQ_GATE_TIMEOUT_S`, `JOBQ_GATE_REQUEUE_DELAY_S`, `JOBQ_GATE_CACHE_SIZE`,
 * `JOBQ_GATE_NEGATIVE_TTL_S` and `JOBQ_GATE_MAX_NOT_QUALIFIED`; seconds, of which there is at most a week, may have
 * fractions.
 *
 * @throws {UsageError} naming the variable
 */
export function readGateSettings(env: (name: string) => string | undefined): GateSettings {
  const { timeoutMs, requeueDelayMs, cacheSize, negativeTtlMs, maxNotQualified } = DEFAULT_GATE_SETTINGS;
  const milliseconds = (name: string, otherwiseMs: number, min = 0) =>
    Math.round(
      1_000 * numberFromEnv(name, env(name), { otherwise: otherwiseMs / 1_000, min, max: WEEK_S }),
    );
  const count = (name: string, otherwise: number, max?: number) =>
    numberFromEnv(name, env(name), { otherwise, min: 1, max, whole: true });
  return {
    timeoutMs: milliseconds("JOBQ_GATE_TIMEOUT_S", timeoutMs, 0.001),
    requeueDelayMs: milliseconds("JOBQ_GATE_REQUEUE_DELAY_S", requeueDelayMs),
    cacheSize: count("JOBQ_GATE_CACHE_SIZE", cacheSize, MAX_CACHE_SIZE),
    negativeTtlMs: milliseconds("JOBQ_GATE_NEGATIVE_TTL_S", negativeTtlMs),
    maxNotQualified: count("JOBQ_GATE_MAX_NOT_QUALIFIED", maxNotQualified),
  };
}
