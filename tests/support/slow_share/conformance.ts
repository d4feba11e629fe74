/**
 * The conformance suite of queues in directories, which are made in $SHARE_DIR and stay there. `deno test` runs it where
 * it is named, in an environment of `shimEnv()`.
 */
import { DIRECTORY_CAPABILITIES } from "../../../src/backends/directory/capabilities.ts";
import { openDirectoryQueue } from "../../../src/backends/directory/open.ts";
import { sharedTime } from "../../../src/backends/directory/queue_time.ts";
import { registerConformance } from "../../conformance/suite.ts";

const share = Deno.env.get("SHARE_DIR") ?? "";
let places = 0;

registerConformance({
  name: "slow share",
  capabilities: DIRECTORY_CAPABILITIES,
  sharedByProcesses: true,
  clockIsReplaceable: true,
  keepsEndedLeases: true,
  leaseMs: 300,
  makePlace: () => {
    const path = `${share}/queue ${++places}`;
    return Promise.resolve({
      address: path,
      open: (clock) =>
        Promise.resolve(
          openDirectoryQueue({ kind: "directory", path }, { clock, time: clock && sharedTime(clock) }),
        ),
      // All are removed together, by who sees the directory as it is.
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});
