import { assert, assertEquals } from "../support/assert.ts";
import { buildShim, shimEnv, type ShimOptions } from "../support/slow_share/shim.ts";
import { runSlowShareFleet } from "../support/slow_share_fleet.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testWhere } from "../support/testing.ts";

const library = await buildShim();
const JOBS = 150;

interface Case {
  readonly delayMs: number;
  readonly locks?: ShimOptions["locks"];
}

const CASES: readonly Case[] = [
  { delayMs: 5_000, locks: "ENOLCK" },
  { delayMs: 1_000, locks: "ENOSYS" },
  { delayMs: 1_000, locks: "ESTALE" },
  { delayMs: 2_000 },
];

for (const { delayMs, locks } of CASES) {
  const how = locks === undefined ? "keeps locks" : `answers ${locks} to locks`;
  const name = `on a share that shows names ${delayMs} ms late, repeats calls and ${how}, no job is lost`;
  testWhere(library !== undefined, "cc and Linux", name, async () => {
    const { counts, codes, seconds } = await runSlowShareFleet({
      library: library ?? "",
      delayMs,
      locks,
      repeatPercent: 20,
      stalePercent: 1,
    });
    print({ ...counts, seconds: Math.round(seconds) });
    const { attempted, acknowledged, ok, lost, unexpected } = counts;
    assertEquals({ attempted, acknowledged, ok, lost, unexpected }, {
      attempted: JOBS,
      acknowledged: JOBS,
      ok: JOBS,
      lost: 0,
      unexpected: 0,
    });
    assertEquals(codes, [0, 0, 0]);
  });
}

const CONFORMANCE = new URL("../support/slow_share/conformance.ts", import.meta.url).pathname;

testWhere(
  library !== undefined,
  "cc and Linux",
  "on a share without locks that repeats calls and forgets handles, queues pass the conformance suite",
  async () => {
    await using share = await TempDir.make();
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", CONFORMANCE],
      env: {
        ...shimEnv({
          library: library ?? "",
          directory: share.path,
          locks: "ENOLCK",
          repeatPercent: 20,
          stalePercent: 2,
        }),
        NO_COLOR: "1",
      },
      stderr: "inherit",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert(success, text.slice(text.indexOf(" ERRORS ")));
    const [, passed = "0"] = /(\d+) passed/.exec(text) ?? [];
    assert(Number(passed) >= 400, `only ${passed} tests ran`);
  },
);

function print(figures: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(figures)}\n`));
}
