import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import { registerConformance } from "./suite.ts";

registerConformance({
  name: "memory",
  capabilities: new MemoryQueue().capabilities,
  sharedByProcesses: false,
  clockIsReplaceable: true,
  keepsEndedLeases: true,
  leaseMs: 1_000,
  makePlace: () => {
    let queue: MemoryQueue | undefined;
    return Promise.resolve({
      // All handles are the same queue, which lives by the first one's clock.
      open: (clock) => Promise.resolve(queue ??= new MemoryQueue({ clock })),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});
