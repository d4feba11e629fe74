import { assertEquals } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

const PUSHERS = 3;
const ROUNDS = 100;

test("no child stays blocked that is pushed while another process completes its parent", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  await using children = new AsyncDisposableStack();
  children.use(new Child("settler.ts", [path, "60000", "0.3"]));
  const pushers = Array.from(
    { length: PUSHERS },
    () => children.use(new Child("child_pusher.ts", [path, `${ROUNDS}`])),
  );
  await Promise.all(pushers.map((pusher) => pusher.finish()));
  await waitUntil(async () => {
    const { ready, running } = await queue.counts();
    return ready === 0 && running === 0;
  });
  const { blocked, completed } = await queue.counts();
  assertEquals([blocked, completed], [0, 2 * PUSHERS * ROUNDS]);
});
