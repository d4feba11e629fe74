import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { onAbort } from "../../core/abort.ts";
import { SilentAbort } from "./silent_abort.ts";

/*
 * The parts of the SDK that are not in its documentation and without which it cannot be used safely. The tests of this
 * file fail when another version of it lacks one of them.
 */

interface ClientInternals {
  readonly _connectionContext: {
    readonly connection: {
      readonly options: { tcp_no_delay?: boolean; operationTimeoutInSeconds: number };
      readonly _connection: {
        readonly socket?: object;
        readonly heartbeat_in?: ReturnType<typeof setTimeout>;
        readonly heartbeat_out?: ReturnType<typeof setTimeout>;
        abort_socket(socket: object): void;
      };
      on(event: "disconnected" | "connection_open", listener: () => void): void;
    };
    readonly cbsSession: { readonly _cbsSenderReceiverLink?: { readonly _responsesMap: Waits } };
    readonly managementClients: Readonly<
      Record<string, { readonly _link?: { readonly _responsesMap: Waits } }>
    >;
    wasConnectionCloseCalled: boolean;
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
    readonly _deliveryDispositionMap: Waits;
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

/** The connection of a client, beneath what the SDK shows of it. */
export interface BareConnection {
  /** Breaks it without a word, as one on which nothing comes any more. */
  break(): void;
  /** Ends what still goes on although it is closed. */
  quiet(): void;
}

/** Watches the connection of a new client, and has it send at once what is small, which else waits for up to 40 ms. */
export function bareConnection(
  client: ServiceBusClient,
  { onOpen, onBreak }: { onOpen: () => void; onBreak: () => void },
): BareConnection {
  const context = contextOf(client);
  const { connection } = context;
  const { _connection: bare } = connection;
  Object.assign(connection.options, {
    tcp_no_delay: true,
    operationTimeoutInSeconds: OPERATION_TIMEOUT_S,
  });
  connection.on("connection_open", onOpen);
  connection.on("disconnected", onBreak);
  return {
    break: () => {
      // Else what still waits its turn makes a new one.
      context.wasConnectionCloseCalled = true;
      if (bare.socket !== undefined) bare.abort_socket(bare.socket);
    },
    quiet: () => {
      // Closed while it is opened, it goes on to tell the service that it is alive.
      clearTimeout(bare.heartbeat_out);
      clearTimeout(bare.heartbeat_in);
    },
  };
}

/**
 * Ends all that waits for an answer on a connection that is gone. The SDK would wait for it until its time is over, and
 * its timers keep the process alive as long.
 *
 * @returns how many there were: others may have waited for their end
 */
export function endWaits(
  client: ServiceBusClient,
  { receivers, reason }: { receivers: Iterable<ServiceBusReceiver>; reason: Error },
): number {
  const { cbsSession, managementClients, senders } = contextOf(client);
  const all = [
    cbsSession._cbsSenderReceiverLink?._responsesMap,
    ...Object.values(managementClients).map(({ _link }) => _link?._responsesMap),
    // Those that are closed, too: what came by them may be being settled.
    ...Array.from(receivers, (receiver) => internalsOf(receiver)?._deliveryDispositionMap),
    ...Object.values(senders).map(({ _link }) => _link?.deliveryDispositionMap),
  ];
  let count = 0;
  for (const waits of all) {
    for (const [key, wait] of waits ?? []) {
      waits?.delete(key);
      clearTimeout(wait.timer);
      wait.cleanupBeforeResolveOrReject?.();
      wait.reject(reason);
      count++;
    }
  }
  return count;
}

function contextOf(client: ServiceBusClient) {
  return (client as unknown as ClientInternals)._connectionContext;
}

/**
 * Whether a receiver had a link and has it no more. The service closes idle ones; the SDK makes the next one under the same
 * name, and then takes what came by the old one for its own.
 */
export function hasLostLink(receiver: ServiceBusReceiver): boolean {
  return internalsOf(receiver)?.isOpen() === false;
}

/** What is received, and for how long. */
export interface ReceiveOptions {
  readonly max: number;
  readonly waitMs: number;
  /** Ends the receive with what has come. */
  readonly signal?: AbortSignal;
  /** Aborted when the connection is gone. */
  readonly broken?: AbortSignal;
}

/**
 * Receives up to `max` messages that are there, or the first that comes within `waitMs`. The public call would wait for
 * a second after the first of several; when it is aborted, it would forget a message that is on its way; and it would
 * close the link, and so forget it, when the service takes longer than 200 ms to say that there is none.
 *
 * @returns undefined when it was aborted before the link was there: then nothing can come, and the receiver is closed
 */
export async function receiveMessages(
  receiver: ServiceBusReceiver,
  { max, waitMs, signal, broken }: ReceiveOptions,
): Promise<readonly ServiceBusReceivedMessage[] | undefined> {
  if (signal?.aborted) return [];
  // Of an earlier receive; it would end that one again.
  const before = liteOf(receiver);
  if (before !== undefined) before._finalAction = undefined;
  const setUp = new SilentAbort();
  const received = receiver.receiveMessages(max, { maxWaitTimeInMs: waitMs, abortSignal: setUp });
  const lite = liteOf(receiver);
  if (lite !== undefined) {
    lite._drainTimeoutInMs = DRAIN_TIMEOUT_MS;
    lite._getRemainingWaitTimeInMsFn = () => () => 0;
  }
  // Else a drain that is under way waits for its answer.
  using _broken = broken && onAbort(broken, () => setUp.abort());
  const givenUp = Promise.withResolvers<undefined>();
  using _ = signal && onAbort(signal, () => {
    if (lite?._finalAction !== undefined) return lite._finalAction();
    setUp.abortSilently();
    void received.catch(() => {}).then(() => receiver.close()).catch(() => {});
    givenUp.resolve(undefined);
  });
  return await Promise.race([received, givenUp.promise]);
}

function liteOf(receiver: ServiceBusReceiver) {
  return internalsOf(receiver)?._batchingReceiverLite;
}

function internalsOf(receiver: ServiceBusReceiver) {
  return (receiver as unknown as ReceiverInternals)._batchingReceiver;
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
