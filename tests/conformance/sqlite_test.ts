import { openSqliteQueue } from "../../src/backends/sqlite/open.ts";
import { SQLITE_CAPABILITIES } from "../../src/backends/sqlite/queue.ts";
import { TempDir } from "../support/temp_dir.ts";
import { registerConformance } from "./suite.ts";

registerConformance({
  name: "SQLite",
  capabilities: SQLITE_CAPABILITIES,
  sharedByProcesses: true,
  clockIsReplaceable: true,
  keepsEndedLeases: true,
  leaseMs: 300,
  makePlace: async () => {
    const directory = await TempDir.make();
    const path = directory.join("jobs.db");
    return {
      address: path,
      open: (clock) =>
        openSqliteQueue({ kind: "sqlite", path, queue: "default", isDefault: false }, { clock }),
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
});
