import { ServiceBusAdministrationClient } from "@azure/service-bus";

/** A namespace beside our own broker, with the right to manage it; the tests that can run there do so when it is given. */
export const NAMESPACE = Deno.env.get("SERVICEBUS_CONNECTION_STRING") || undefined;

/** The shortest and the longest lock that the service takes, in s. */
const [MIN_LOCK_S, MAX_LOCK_S] = [5, 300];

/** A queue that was made for one test. */
export interface NamespaceQueue {
  readonly connectionString: string;
  readonly queue: string;
  /** Locks that begin from now on, or are renewed, last this long, within what the service takes. */
  setLockMs(ms: number): Promise<void>;
  /** Removes the queue. */
  remove(): Promise<void>;
}

/** Makes an empty queue in a namespace. */
export async function newNamespaceQueue(
  connectionString: string,
  { duplicateDetection = false }: { duplicateDetection?: boolean } = {},
): Promise<NamespaceQueue> {
  const admin = newAdmin(connectionString);
  const queue = `jobq-test-${crypto.randomUUID()}`;
  await admin.createQueue(queue, {
    lockDuration: `PT${MAX_LOCK_S}S`,
    maxDeliveryCount: 1_000,
    requiresDuplicateDetection: duplicateDetection,
  });
  let lockS = MAX_LOCK_S;
  return {
    connectionString,
    queue,
    setLockMs: async (ms) => {
      const seconds = Math.min(MAX_LOCK_S, Math.max(MIN_LOCK_S, Math.ceil(ms / 1000)));
      if (seconds === lockS || Number.isNaN(seconds)) return;
      await admin.updateQueue({ ...await admin.getQueue(queue), lockDuration: `PT${seconds}S` });
      lockS = seconds;
    },
    remove: async () => void await admin.deleteQueue(queue),
  };
}

/** The emulator is managed without encryption. */
function newAdmin(connectionString: string): ServiceBusAdministrationClient {
  const admin = new ServiceBusAdministrationClient(connectionString);
  if (!/UseDevelopmentEmulator=true/.test(connectionString)) return admin;
  admin.pipeline.addPolicy({
    name: "unencrypted",
    sendRequest: (request, next) => {
      request.allowInsecureConnection = true;
      request.url = request.url.replace(/^https:/, "http:");
      return next(request);
    },
  }, { afterPhase: "Sign" });
  return admin;
}
