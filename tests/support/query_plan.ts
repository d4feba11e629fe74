import { DatabaseSync } from "node:sqlite";
import { migrate } from "../../src/backends/sqlite/schema.ts";

/** How SQLite would run a statement on a file of jobq's newest schema, after `sql` has filled it: a line for each step. */
export function queryPlan(statement: string, sql = ""): string {
  using database = new DatabaseSync(":memory:");
  migrate(database);
  database.exec(sql);
  return database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all().map(({ detail }) => detail).join("\n");
}
