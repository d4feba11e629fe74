import { DIRECTORY_CAPABILITIES } from "../../src/backends/directory/capabilities.ts";
import { openDirectoryQueue } from "../../src/backends/directory/open.ts";
import { sharedTime } from "../../src/backends/directory/queue_time.ts";
import { TempDir } from "../support/temp_dir.ts";
import { registerConformance } from "./suite.ts";

registerConformance({
  name: "directory",
  capabilities: DIRECTORY_CAPABILITIES,
  sharedByProcesses: true,
  clockIsReplaceable: true,
  keepsEndedLeases: true,
  leaseMs: 300,
  makePlace: async () => {
    const directory = await TempDir.make();
    const path = directory.join("queue");
    return {
      address: path,
      open: (clock) =>
        Promise.resolve(
          openDirectoryQueue({ kind: "directory", path }, { clock, time: clock && sharedTime(clock) }),
        ),
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
});
