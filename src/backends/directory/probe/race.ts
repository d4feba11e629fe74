import { errorMessage } from "../../../core/errors.ts";
import { systemClock } from "../../../core/clock.ts";
import type { FileOperations } from "./file_operations.ts";

/** What one of two processes does that race for the same names. */
export interface RacePlan {
  /** `create`: make `directory/ROUND`; `rename`: move `directory/job-ROUND` to `directory/RACER/ROUND`. */
  readonly kind: "create" | "rename";
  readonly directory: string;
  readonly racer: string;
  readonly rounds: number;
  /** When both begin, in ms since the epoch. */
  readonly startAt: number;
  /** From the begin of one round to that of the next, at least, in ms. */
  readonly everyMs: number;
}

/** What came of it for one of them. */
export interface RaceResult {
  /** The rounds that it believes to have won. */
  readonly won: readonly number[];
  /** What was answered that is neither winning nor losing. */
  readonly faults: readonly string[];
}

/** Goes through the rounds, or as many as there are until the signal. */
export async function race(
  files: FileOperations,
  plan: RacePlan,
  signal?: AbortSignal,
): Promise<RaceResult> {
  const { kind, directory, racer, rounds, startAt, everyMs } = plan;
  const won: number[] = [];
  const faults: string[] = [];
  for (let round = 0; round < rounds && !signal?.aborted; round++) {
    await instant(startAt + round * everyMs, signal);
    if (signal?.aborted) break;
    try {
      const wins = kind === "create"
        ? await files.createNew(`${directory}/${round}`)
        : await claim(files, `${directory}/job-${round}`, `${directory}/${racer}/${round}`);
      if (wins) won.push(round);
    } catch (error) {
      faults.push(errorMessage(error));
    }
  }
  return { won, faults };
}

/** A rename that was sent twice may answer that there is no such file although it was done: what is there decides. */
async function claim(files: FileOperations, from: string, to: string): Promise<boolean> {
  try {
    await files.rename(from, to);
    return true;
  } catch (error) {
    if (await files.exists(to)) return true;
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The time in ms since the epoch, finer than `Date.now()`. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Timers are too coarse for two processes to begin at once; so much before, in ms, it is waited without one. */
const SPIN_MS = 2;

/** Returns at the instant, or when the signal is aborted. */
async function instant(at: number, signal: AbortSignal | undefined): Promise<void> {
  const leftMs = at - preciseNow();
  if (leftMs > SPIN_MS) await systemClock.sleep(leftMs - SPIN_MS, signal);
  while (!signal?.aborted && preciseNow() < at);
}
