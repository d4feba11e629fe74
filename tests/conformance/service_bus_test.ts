import { openServiceBusQueue } from "../../src/backends/service_bus/open.ts";
import { SERVICE_BUS_CAPABILITIES } from "../../src/backends/service_bus/queue.ts";
import type { Lease, LeaseOptions, Queue } from "../../src/core/queue.ts";
import { ServiceBusBroker } from "../support/service_bus_broker/broker.ts";
import { NAMESPACE, newNamespaceQueue } from "../support/service_bus_namespace.ts";
import type { Harness, Place } from "./harness.ts";
import { registerConformance } from "./suite.ts";

const common = {
  capabilities: SERVICE_BUS_CAPABILITIES,
  sharedByProcesses: false,
  clockIsReplaceable: false,
  keepsEndedLeases: false,
} satisfies Partial<Harness>;

registerConformance({
  ...common,
  name: "Azure Service Bus",
  leaseMs: 500,
  makePlace: async () => {
    const broker = await ServiceBusBroker.start({ queues: { q: { maxDeliveryCount: 1_000 } } });
    const view = broker.queue("q");
    return placeOf({
      // Who may manage the queue would learn how long its locks last, which changes here.
      connectionString: broker.addKey("worker", ["send", "listen"]),
      queue: "q",
      emptyWaitMs: 20,
      setLockMs: (ms) => Promise.resolve(void (view.lockDurationMs = ms)),
      remove: () => broker[Symbol.asyncDispose](),
    });
  },
});

const namespace = NAMESPACE;
if (namespace !== undefined) {
  registerConformance({
    ...common,
    name: "a Service Bus namespace",
    leaseMs: 5_000,
    makePlace: async () => placeOf(await newNamespaceQueue(namespace)),
  });
}

interface QueuePlace {
  readonly connectionString: string;
  readonly queue: string;
  readonly emptyWaitMs?: number;
  setLockMs(ms: number): Promise<void>;
  remove(): Promise<void>;
}

function placeOf({ connectionString, queue, emptyWaitMs, setLockMs, remove }: QueuePlace): Place {
  const namespace = new URL(/Endpoint=([^;]+)/.exec(connectionString)?.[1] ?? "").host;
  return {
    open: () => {
      const opened = openServiceBusQueue({ kind: "service-bus", namespace, queue }, {
        azure: { connectionString },
        env: () => undefined,
        emptyWaitMs,
      });
      return Promise.resolve(withLeaseTimes(opened, setLockMs));
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Has the locks of the queue last as long as each lease is asked for, as tests want it. */
function withLeaseTimes(queue: Queue, setLockMs: (ms: number) => Promise<void>): Queue {
  const lease = queue.lease.bind(queue);
  return Object.assign(queue, {
    lease: async (options: LeaseOptions) => {
      await setLockMs(options.leaseMs);
      const held = await lease(options);
      return held && withRenewalTimes(held, setLockMs);
    },
  });
}

function withRenewalTimes(lease: Lease, setLockMs: (ms: number) => Promise<void>): Lease {
  const renew = lease.renew.bind(lease);
  return Object.assign(lease, {
    renew: async (leaseMs: number) => {
      await setLockMs(leaseMs);
      await renew(leaseMs);
    },
  });
}
