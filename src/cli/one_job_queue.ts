import type { JobId } from "../core/job.ts";
import type { LeaseOptions, Queue } from "../core/queue.ts";
import type { WorkerRegistry } from "../core/workers.ts";

/**
 * The same queue for a worker that is to take one job and no other. To others it shows as a worker without slots: none
 * that they could wait for.
 */
export function oneJobQueue(queue: Queue, job: JobId): Queue {
  const lease = (options: LeaseOptions) => queue.lease({ ...options, job });
  const workers: WorkerRegistry = {
    register: (self, options) => queue.workers.register({ ...self, slots: 0 }, options),
    list: (options) => queue.workers.list(options),
    stop: (id, request, options) => queue.workers.stop(id, request, options),
  };
  return new Proxy(queue, {
    get: (_, name) => {
      if (name === "lease") return lease;
      if (name === "workers") return workers;
      const value: unknown = Reflect.get(queue, name);
      // Methods that use private fields need the queue itself as their `this`.
      return typeof value === "function" ? value.bind(queue) : value;
    },
  });
}
