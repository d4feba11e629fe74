import { DatabaseSync } from "node:sqlite";
import { assertEquals } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { openAt } from "../../support/sqlite.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const KILLS = 12;
const SIZE = 200;

/** What there is of each workflow. */
const WORKFLOWS = `
  SELECT name, count(*) AS jobs, sum((SELECT count(*) FROM dependencies WHERE child = seq)) AS edges,
    sum(waits) AS waits, sum(state = 'blocked') AS blocked, sum(has_parents) AS children, sum(has_children) AS parents
  FROM jobs GROUP BY name`;

const WHOLE = {
  jobs: SIZE,
  edges: 2 * SIZE - 3,
  waits: 2 * SIZE - 3,
  blocked: SIZE - 1,
  children: SIZE - 1,
  parents: SIZE - 1,
};

test("a workflow whose pusher is killed is there as a whole or not at all", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("jobs.db");
  await using queue = await openAt(path);
  const acknowledged: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await using pusher = new Child("workflow_pusher.ts", [path, `${SIZE}`, `${kill}`]);
    acknowledged.push(await pusher.line());
    // A different moment each time: a push takes some milliseconds.
    await new Promise((resolve) => setTimeout(resolve, kill));
    await pusher.kill();
  }
  const database = new DatabaseSync(path, { readOnly: true });
  const workflows = database.prepare(WORKFLOWS).all();
  database.close();
  for (const { name: _, ...workflow } of workflows) assertEquals(workflow, WHOLE);
  const names = new Set(workflows.map(({ name }) => name));
  assertEquals(acknowledged.filter((name) => !names.has(name)), []);
  assertEquals((await queue.counts()).ready, workflows.length);
});
