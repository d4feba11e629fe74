import { DatabaseSync } from "node:sqlite";
import { CLAIM, NEXT_VISIBLE } from "../../../src/backends/sqlite/claims.ts";
import { COUNT_FINISHED, COUNT_WAITING } from "../../../src/backends/sqlite/queue.ts";
import { migrate } from "../../../src/backends/sqlite/schema.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const FILL = `
  INSERT INTO queues (name) VALUES ('default'), ('other');
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO jobs (queue_id, suffix, spec, max_attempts, created_at, visible_at, state, finished_at)
  SELECT 1 + i % 2, 'a', '{}', 1, i, visible, state, finished FROM n, (
    SELECT 'pending' AS state, 5 AS visible, NULL AS finished UNION ALL SELECT 'completed', NULL, 6
  );
  ANALYZE;`;

const STATES: Readonly<Record<string, string>> = {
  "an empty file": "",
  "10,000 finished and 10,000 pending jobs, after ANALYZE": FILL,
};

for (const [state, sql] of Object.entries(STATES)) {
  test(`a claim searches the covering index and sorts nothing: ${state}`, () => {
    const plan = planOf(CLAIM, sql);
    assertMatch(plan, /SEARCH jobs USING COVERING INDEX jobs_claimable \(queue_id=\? AND visible_at<\?\)/);
    assertMatch(plan, /SEARCH jobs USING INTEGER PRIMARY KEY \(rowid=\?\)/);
    assert(!/SCAN|TEMP B-TREE/.test(plan), plan);
  });

  for (const [name, statement] of Object.entries({ NEXT_VISIBLE, COUNT_WAITING, COUNT_FINISHED })) {
    test(`${name} never scans the table: ${state}`, () => {
      const plan = planOf(statement, sql);
      assertMatch(plan, /SEARCH jobs USING COVERING INDEX/);
      assert(!plan.includes("SCAN"), plan);
    });
  }
}

test("a claim looks at as many rows among 10,000 waiting jobs as among 10", () => {
  const few = FILL.replace("10000", "10");
  assertEquals(rowsRead(FILL), rowsRead(few));
});

function filled(sql: string): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  migrate(database);
  database.exec(sql);
  return database;
}

function planOf(statement: string, sql: string): string {
  const database = filled(sql);
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all().map(({ detail }) => String(detail));
  database.close();
  return steps.join("\n");
}

/** How many rows the claim's search looks at: a function in it counts them. */
function rowsRead(sql: string): number {
  const database = filled(sql);
  let rows = 0;
  database.function("seen", () => ++rows);
  const [, search = ""] = /WHERE seq = \(([^]*?)\n {2}\)/.exec(CLAIM) ?? [];
  const counting = search.replace("ORDER BY", "AND seen() > 0 ORDER BY");
  database.prepare(counting).all({ queue_id: 1, now: 10, takeover_before: 10 });
  database.close();
  return rows;
}
