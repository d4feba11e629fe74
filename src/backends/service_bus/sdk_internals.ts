import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { onAbort } from "../../core/abort.ts";

/*
 * The parts of the SDK that are not in its documentation and without which it cannot be used safely. The tests of this
 * file fail when another version of it lacks one of them.
 */

interface ClientInternals {
  readonly _connectionContext: {
    readonly connection: {
      readonly options: { tcp_no_delay?: boolean; operationTimeoutInSeconds: number };
      readonly _connection: { readonly socket?: object; abort_socket(socket: object): void };
      on(event: "disconnected" | "connection_open", listener: () => void): void;
    };
    readonly cbsSession: { readonly _cbsSenderReceiverLink?: { readonly _responsesMap: Waits } };
    readonly managementClients: Readonly<
      Record<string, { readonly _link?: { readonly _responsesMap: Waits } }>
    >;
    readonly messageReceivers: Readonly<Record<string, { readonly _deliveryDispositionMap: Waits }>>;
    readonly senders: Readonly<
      Record<string, { readonly _link?: { readonly deliveryDispositionMap: Waits } }>
    >;
  };
}

/** Who waits for an answer. */
type Waits = Map<unknown, {
  reject(reason: Error): void;
  readonly timer?: ReturnType<typeof setTimeout>;
  cleanupBeforeResolveOrReject?(): void;
}>;

interface ReceiverInternals {
  readonly _batchingReceiver?: {
    isOpen(): boolean;
    readonly _batchingReceiverLite: {
      _drainTimeoutInMs: number;
      _getRemainingWaitTimeInMsFn: () => () => number;
      /** Ends a receive with what has come, after a drain; there only while the link is up. */
      _finalAction: (() => void) | undefined;
    };
  };
}

/** A receive is said to have ended when the service says so, for at most this long, in ms; then the link is closed. */
const DRAIN_TIMEOUT_MS = 5_000;

/** The opening and closing of a link or of the connection is waited for so long, in s. */
const OPERATION_TIMEOUT_S = 10;

/** Watches the connection of a new client, and has it send at once what is small, which else waits for up to 40 ms. */
export function prepareConnection(
  client: ServiceBusClient,
  { onOpen, onBreak }: { onOpen: () => void; onBreak: () => void },
): void {
  const { connection } = contextOf(client);
  Object.assign(connection.options, {
    tcp_no_delay: true,
    operationTimeoutInSeconds: OPERATION_TIMEOUT_S,
  });
  connection.on("connection_open", onOpen);
  connection.on("disconnected", onBreak);
}

/** Breaks the connection without a word, as one on which nothing comes any more. */
export function breakConnection(client: ServiceBusClient): void {
  const { _connection } = contextOf(client).connection;
  if (_connection.socket !== undefined) _connection.abort_socket(_connection.socket);
}

/**
 * Ends all that waits for an answer on a connection that is gone. The SDK would wait for it until its time is over, and
 * its timers keep the process alive as long.
 */
export function endWaits(client: ServiceBusClient, reason: Error): void {
  const { cbsSession, managementClients, messageReceivers, senders } = contextOf(client);
  const all = [
    cbsSession._cbsSenderReceiverLink?._responsesMap,
    ...Object.values(managementClients).map(({ _link }) => _link?._responsesMap),
    ...Object.values(messageReceivers).map((receiver) => receiver._deliveryDispositionMap),
    ...Object.values(senders).map(({ _link }) => _link?.deliveryDispositionMap),
  ];
  for (const waits of all) {
    for (const [key, wait] of waits ?? []) {
      waits?.delete(key);
      clearTimeout(wait.timer);
      wait.cleanupBeforeResolveOrReject?.();
      wait.reject(reason);
    }
  }
}

function contextOf(client: ServiceBusClient) {
  return (client as unknown as ClientInternals)._connectionContext;
}

/**
 * Whether a receiver had a link and has it no more. The service closes idle ones; the SDK makes the next one under the same
 * name, and then takes what came by the old one for its own.
 */
export function hasLostLink(receiver: ServiceBusReceiver): boolean {
  return (receiver as unknown as ReceiverInternals)._batchingReceiver?.isOpen() === false;
}

/**
 * Receives up to `max` messages that are there, or the first that comes within `waitMs`. The public call would wait for
 * a second after the first of several; when it is aborted, it would forget a message that is on its way; and it would
 * close the link, and so forget it, when the service takes longer than 200 ms to say that there is none.
 */
export async function receiveMessages(
  receiver: ServiceBusReceiver,
  { max, waitMs, signal }: { max: number; waitMs: number; signal?: AbortSignal },
): Promise<readonly ServiceBusReceivedMessage[]> {
  if (signal?.aborted) return [];
  const setUp = new AbortController();
  // Of an earlier receive; it would end that one again.
  const before = liteOf(receiver);
  if (before !== undefined) before._finalAction = undefined;
  const received = receiver.receiveMessages(max, { maxWaitTimeInMs: waitMs, abortSignal: setUp.signal });
  const lite = liteOf(receiver);
  if (lite !== undefined) {
    lite._drainTimeoutInMs = DRAIN_TIMEOUT_MS;
    lite._getRemainingWaitTimeInMsFn = () => () => 0;
  }
  using _ = signal && onAbort(signal, () => {
    // While the link is made nothing can come: then a plain abort loses nothing.
    if (lite?._finalAction === undefined) setUp.abort();
    else lite._finalAction();
  });
  try {
    return await received;
  } catch (error) {
    if (setUp.signal.aborted) return [];
    throw error;
  }
}

function liteOf(receiver: ServiceBusReceiver) {
  return (receiver as unknown as ReceiverInternals)._batchingReceiver?._batchingReceiverLite;
}

/**
 * Stands for a message that is settled or renewed by its lock's token alone, through a link other than the one by which
 * it came, which may be gone.
 */
export function messageOfToken(lockToken: string): ServiceBusReceivedMessage {
  return {
    lockToken,
    delivery: {},
    state: "active",
    body: undefined,
  } as unknown as ServiceBusReceivedMessage;
}
