import { openRemoteQueue } from "../../src/backends/ssh/remote_queue.ts";
import { SQLITE_CAPABILITIES } from "../../src/backends/sqlite/queue.ts";
import { ServedFile } from "../backends/ssh/served_file.ts";
import { registerConformance } from "./suite.ts";

registerConformance({
  name: "remote SQLite",
  capabilities: { ...SQLITE_CAPABILITIES, sharedOutages: false },
  sharedByProcesses: false,
  clockIsReplaceable: true,
  keepsEndedLeases: true,
  leaseMs: 300,
  makePlace: async () => {
    const file = await ServedFile.make();
    return {
      open: (clock) => openRemoteQueue(file.connector(clock), { name: "ssh://host/jobs.db", clock }),
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    };
  },
});
