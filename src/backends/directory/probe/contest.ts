import type { Scene } from "./check.ts";
import { median } from "./numbers.ts";
import { preciseNow, type RacePlan, type RaceResult } from "./race.ts";

/** How the two processes fared in a race; rounds are counted from 0. */
export interface Contest {
  readonly rounds: number;
  readonly here: RaceResult;
  readonly there: RaceResult;
  /** Those that both believe to have won. */
  readonly both: readonly number[];
  /** Those that none believes to have won. */
  readonly none: readonly number[];
}

/** The names of the two, as the race has them. */
export const RACERS = ["here", "there"] as const;

const ROUNDS = 200;
/** A race is to take about this long at most, in ms. */
const RACE_MS = 15_000;

/** How many rounds fit, and their pace, as long as one operation takes what it takes now. */
export async function paceOf(
  { directory, files, signal }: Scene,
): Promise<Pick<RacePlan, "rounds" | "everyMs">> {
  const costs: number[] = [];
  for (let i = 0; i < 5 && !signal.aborted; i++) {
    const startedAt = performance.now();
    await files.createNew(`${directory}/pace-${i}`);
    costs.push(performance.now() - startedAt);
  }
  const everyMs = Math.max(1.5, 2 * median(costs));
  return { rounds: Math.max(10, Math.min(ROUNDS, Math.floor(RACE_MS / everyMs))), everyMs };
}

/** Lets both race, and compares what they say. */
export async function contest(
  { directory, here, there, signal }: Scene,
  options: Pick<RacePlan, "kind" | "rounds" | "everyMs">,
): Promise<Contest> {
  const plan = { ...options, directory, startAt: preciseNow() + 30 };
  const [mine, theirs] = await Promise.all([
    here.race({ ...plan, racer: RACERS[0] }, signal),
    there.race({ ...plan, racer: RACERS[1] }, signal),
  ]);
  const [ours, others] = [new Set(mine.won), new Set(theirs.won)];
  const rounds = Array.from({ length: options.rounds }, (_, index) => index);
  return {
    rounds: options.rounds,
    here: mine,
    there: theirs,
    both: rounds.filter((index) => ours.has(index) && others.has(index)),
    none: rounds.filter((index) => !ours.has(index) && !others.has(index)),
  };
}

/** Who won how often, for people. */
export function scoreOf({ rounds, here, there }: Contest): string {
  return `one winner in each of ${rounds} races (${here.won.length} : ${there.won.length})`;
}
