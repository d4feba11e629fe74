import { systemFiles } from "../../../src/backends/directory/probe/file_operations.ts";
import { preciseNow, race } from "../../../src/backends/directory/probe/race.ts";
import { assertEquals } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

test("a race that is stopped does not wait for its next round", async () => {
  await using dir = await TempDir.make();
  const controller = new AbortController();
  const plan = { kind: "create", directory: dir.path, racer: "here", rounds: 10, everyMs: 60_000 } as const;
  const racing = race(systemFiles, { ...plan, startAt: preciseNow() }, controller.signal);
  await waitUntil(() => Deno.stat(dir.join("0")).then(() => true, () => false));
  controller.abort();
  assertEquals(await racing, { won: [0], faults: [] });
});
