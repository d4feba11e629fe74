import { assert, assertEquals } from "../support/assert.ts";
import { runDirectoryFleet } from "../support/directory_fleet.ts";
import type { FleetFate } from "../support/directory_fleet_runs.ts";
import { killAnSshClientOf } from "../support/ssh_clients.ts";
import { HAS_SSHD, SSHD, Sshd } from "../support/sshd.ts";
import { testWhere } from "../support/testing.ts";

const JOBS = 400;
const WORKERS = 4;
const FATES = Array.from({ length: JOBS }, (_, job): FleetFate => job % 5 === 3 ? "slow" : "succeeds");

const NAME =
  "with connections and workers killed all the time, 400 jobs in a directory over SSH complete once each";

testWhere(HAS_SSHD, SSHD, NAME, async () => {
  await using sshd = await Sshd.start();
  const { counts, left, codes, kills, troubles, seconds } = await runDirectoryFleet({
    fates: FATES,
    workers: WORKERS,
    slots: 2,
    addressOf: (path) => sshd.address(path),
    env: sshd.env,
    killEveryMs: 2_000,
    // Over SSH, nobody sees at once that a worker is dead.
    hasShortLease: () => true,
    shortLeaseMs: 12_000,
    trouble: { withinMs: 1_500, act: killAnSshClientOf },
  });
  Deno.stdout.writeSync(
    new TextEncoder().encode(
      `${JSON.stringify({ ...counts, kills, troubles, seconds: Math.round(seconds) })}\n`,
    ),
  );
  assert(troubles >= 5 && kills >= 2, `${troubles} connections and ${kills} workers were killed`);
  const { attempted, acknowledged, ok, lost, unexpected, repeated } = counts;
  assertEquals({ attempted, acknowledged, ok, lost, unexpected, repeated }, {
    attempted: JOBS,
    acknowledged: JOBS,
    ok: JOBS,
    lost: 0,
    unexpected: 0,
    repeated: 0,
  });
  assertEquals(left, []);
  assertEquals(codes, Array.from({ length: WORKERS }, () => 0));
});
