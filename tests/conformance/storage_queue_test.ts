import { openStorageQueue } from "../../src/backends/storage_queue/open.ts";
import { STORAGE_QUEUE_CAPABILITIES } from "../../src/backends/storage_queue/queue.ts";
import type { NewJob } from "../../src/core/job.ts";
import type { EnqueueOptions, Queue } from "../../src/core/queue.ts";
import { connectionString, newQueueName } from "../support/azurite.ts";
import { registerConformance } from "./suite.ts";

registerConformance({
  name: "Azure Storage Queue",
  capabilities: STORAGE_QUEUE_CAPABILITIES,
  sharedByProcesses: false,
  clockIsReplaceable: false,
  keepsEndedLeases: true,
  leaseMs: 1_000,
  makePlace: () => {
    const queue = newQueueName();
    return Promise.resolve({
      open: async () => {
        const env = () => undefined;
        const azure = { connectionString: await connectionString() };
        const address = { kind: "storage-queue", account: "devstoreaccount1", queue } as const;
        return inOrder(await openStorageQueue(address, { azure, env }));
      },
      // The server forgets all when it ends.
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});

/** Sends the jobs of a push one after the other: only then are they in line as the tests expect. */
function inOrder(queue: Queue): Queue {
  const enqueue = queue.enqueue.bind(queue);
  return Object.assign(queue, {
    enqueue: (jobs: readonly NewJob[], options?: EnqueueOptions) =>
      enqueue(jobs, { concurrency: 1, ...options }),
  });
}
