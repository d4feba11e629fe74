import { assert, assertEquals } from "../support/assert.ts";
import { runDirectoryFleet } from "../support/directory_fleet.ts";
import type { FleetFate } from "../support/directory_fleet_runs.ts";
import { test } from "../support/testing.ts";

const JOBS = 2_000;
/** One in twenty takes a second, so that workers are killed and stopped in the middle of it. */
const FATES = Array.from({ length: JOBS }, (_, job): FleetFate => job % 20 === 10 ? "slow" : "succeeds");

test("with workers killed and stopped all the time, 2,000 jobs in a directory complete once each", async () => {
  const { counts, left, codes, ...figures } = await runDirectoryFleet({
    fates: FATES,
    workers: 8,
    slots: 2,
    killEveryMs: 1_000,
    stopEveryMs: 1_000,
  });
  const { kills, stops, seconds } = figures;
  print({ ...counts, kills, stops, seconds: Math.round(seconds) });

  assert(kills >= 5 && stops >= 1, `${kills} kills, ${stops} stops`);
  const { attempted, acknowledged, ok, lost, unexpected, repeated } = counts;
  assertEquals({ attempted, acknowledged, ok, lost, unexpected, repeated }, {
    attempted: JOBS,
    acknowledged: JOBS,
    ok: JOBS,
    lost: 0,
    unexpected: 0,
    repeated: 0,
  });
  assert(counts.recovered > 0, "no job was running when its worker was killed or stopped");
  assertEquals(left, []);
  assertEquals(codes, Array.from({ length: 8 }, () => 0));
});

function print(figures: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(figures)}\n`));
}
