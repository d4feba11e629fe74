import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "../support/assert.ts";
import { Child } from "../support/child.ts";
import { shellJob } from "../support/jobs.ts";
import { openAt } from "../support/sqlite.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

const FAMILIES = 36;
const CHILDREN = 120;
const LEASE_MS = 300;

/** Reads the file as it is on the disk. */
function query(path: string, sql: string): readonly Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare(sql).all().map((row) => ({ ...row }));
  database.close();
  return rows;
}

const FAMILIES_NOW = `
  SELECT DISTINCT parents.state AS parent, children.state AS child, children.waits, satisfied
  FROM dependencies JOIN jobs AS parents ON parents.seq = parent JOIN jobs AS children ON children.seq = child`;

const BEGUN_TOO_EARLY = `
  SELECT children.seq FROM dependencies JOIN jobs AS parents ON parents.seq = parent
  JOIN jobs AS children ON children.seq = child
  WHERE children.started_at < parents.finished_at OR EXISTS (
    SELECT 1 FROM executions WHERE job = children.seq AND executions.started_at < parents.finished_at
  )`;

test("children of a parent whose worker is killed at its end are told of it all or not at all", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  for (let family = 0; family < FAMILIES; family++) {
    await queue.enqueue([
      shellJob(family % 3 === 0 ? "false" : "true", { key: "parent", priority: 1 }),
      ...Array.from({ length: CHILDREN }, () => shellJob("true", { after: [{ key: "parent" }] })),
    ]);
  }

  let kills = 0;
  const parentsLeft = () =>
    query(path, "SELECT seq FROM jobs WHERE priority = 1 AND finished_at IS NULL").length;
  for (; parentsLeft() > 5; kills++) {
    await using settler = new Child("settler.ts", [path, `${LEASE_MS}`]);
    await settler.line();
    // A different moment each time: parents are settled one after the other, in a millisecond or two each.
    await new Promise((resolve) => setTimeout(resolve, kills % 7));
    await settler.kill();
    for (const { parent, child, waits, satisfied } of query(path, FAMILIES_NOW)) {
      const isTold = parent === "completed" || parent === "failed";
      assertEquals([waits, satisfied], parent === "completed" ? [0, 1] : [1, 0]);
      assertEquals(child === "blocked", !isTold);
      assertEquals(child === "cancelled", parent === "failed");
    }
  }
  assert(kills >= 3, `only ${kills} kills`);

  await using settlers = new AsyncDisposableStack();
  for (const _ of ["one", "two"]) settlers.use(new Child("settler.ts", [path, "60000"]));
  await waitUntil(async () => {
    const { ready, delayed, running } = await queue.counts();
    return [ready, delayed, running].every((jobs) => jobs === 0);
  });
  const { completed, cancelled, failed } = await queue.counts();
  const failures = FAMILIES / 3;
  assertEquals({ completed, cancelled, failed }, {
    completed: (FAMILIES - failures) * (1 + CHILDREN),
    cancelled: failures * CHILDREN,
    failed: failures,
  });
  assertEquals(query(path, BEGUN_TOO_EARLY), []);
});
