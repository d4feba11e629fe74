import { assert, assertEquals } from "../support/assert.ts";
import { type BusFleetReport, runBusFleet } from "../support/bus_fleet.ts";
import type { Fate, FleetRun } from "../support/bus_fleet_runs.ts";
import type { SeenMessage } from "../support/service_bus_broker/stored_message.ts";
import { test } from "../support/testing.ts";

/** What became of the jobs, in numbers of jobs. */
interface Counts {
  /** Lines that were given to a push. */
  readonly attempted: number;
  /** Ids that the pushes printed. */
  readonly acknowledged: number;
  /** Completed: an execution of it noted that it ended well. */
  readonly ok: number;
  /** Acknowledged, no longer on the queue, and neither completed nor a dead letter. */
  readonly lost: number;
  /** Ended more than once: completed, a dead letter, or both. */
  readonly duplicated: number;
  /** With an end or an attempt that it should not have had, or dead without the reason; or that nobody pushed. */
  readonly unexpected: number;
  /** Running when its worker was killed, and ended as it should. */
  readonly recovered: number;
}

const JOBS = 2_000;
/** One in twenty fails for good, one in twenty once, one in a hundred at first outlasts a lock. */
const FATES = Array.from({ length: JOBS }, (_, job): Fate => {
  if (job % 20 === 7) return "fails";
  if (job % 20 === 13) return "fails-once";
  return job % 100 === 50 ? "slow" : "succeeds";
});

test("with connections cut and workers killed all the time, 2,000 jobs on Service Bus end as they should", async () => {
  const report = await runBusFleet({
    fates: FATES,
    workers: 3,
    slots: 8,
    killEveryMs: 2_000,
    cutWithinMs: { whilePushing: 500, afterwards: 1_500 },
    lockDurationMs: 3_000,
  });
  const counts = countsOf(report);
  const { kills, cuts, repeatedSends, seconds } = report;
  print({ ...counts, kills, cuts, repeatedSends, seconds: Math.round(seconds) });

  assert(
    kills >= 3 && cuts >= 10 && repeatedSends >= 2,
    `${kills} kills, ${cuts} cuts, ${repeatedSends} repeats`,
  );
  assertEquals(report.codes, [0, 0, 0]);
  const { attempted, acknowledged, ok, lost, unexpected, recovered } = counts;
  assertEquals({ attempted, acknowledged, ok, lost, unexpected }, {
    attempted: JOBS,
    acknowledged: JOBS,
    ok: JOBS - JOBS / 20,
    lost: 0,
    unexpected: 0,
  });
  assertEquals(new Set(report.dead.map((letter) => jobOf(letter).id)).size, JOBS / 20);
  assert(recovered > 0, "no job was running when its worker was killed");
  assertEquals(
    duplicatesOf(report).filter((id) => !report.runs.some((run) => run.id === id && run.onKilled)),
    [],
  );
});

function countsOf(report: BusFleetReport): Counts {
  const { acknowledged, runs, dead } = report;
  const known = new Set(acknowledged);
  const completed = new Set(runs.filter(({ end }) => end === "ok").map(({ id }) => id));
  const letters = new Set(dead.map((letter) => jobOf(letter).id));
  const torn = runs.filter(({ onKilled, end }) => onKilled && end === undefined);
  return {
    attempted: FATES.length,
    acknowledged: known.size,
    ok: completed.size,
    lost: [...known].filter((id) => !completed.has(id) && !letters.has(id)).length,
    duplicated: duplicatesOf(report).length,
    unexpected: new Set([
      ...[...completed, ...letters].filter((id) => !known.has(id)),
      ...runs.filter(isUnexpectedRun).map(({ id }) => id),
      ...dead.filter(isUnexpectedLetter).map((letter) => jobOf(letter).id),
    ]).size,
    recovered: new Set(
      torn.filter(({ id, fate }) => (fate === "fails" ? letters : completed).has(id)).map(({ id }) => id),
    ).size,
  };
}

/** The ids of the jobs that ended more than once. */
function duplicatesOf({ runs, dead }: BusFleetReport): readonly string[] {
  const ends = new Map<string, number>();
  const ok = runs.filter(({ end }) => end === "ok");
  for (const { id } of [...ok, ...dead.map(jobOf)]) ends.set(id, (ends.get(id) ?? 0) + 1);
  return [...ends].filter(([, count]) => count > 1).map(([id]) => id);
}

/** A lost worker is no attempt, and only what fails has a second one. */
function isUnexpectedRun({ fate, attempt, end }: FleetRun): boolean {
  const attempts = fate === "fails" || fate === "fails-once" ? 2 : 1;
  return attempt > attempts || (fate === "fails" && end === "ok");
}

function isUnexpectedLetter(letter: SeenMessage): boolean {
  const { deadLetterReason = "", deadLetterErrorDescription = "" } = letter;
  return jobOf(letter).fate !== "fails" || !deadLetterReason.includes("exit code 3") ||
    !/^exit code 3, attempts 2, .*\n\njob \d+ is one that fails\n?$/s.test(deadLetterErrorDescription);
}

function jobOf({ body }: SeenMessage): { readonly id: string; readonly fate: string } {
  const { id, kwargs } = JSON.parse(body) as { id: string; kwargs: string };
  const { cmd } = JSON.parse(kwargs) as { cmd: string };
  return { id, fate: cmd.split(" ")[2] ?? "" };
}

function print(figures: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(figures)}\n`));
}
