import type { ServiceBusClient, ServiceBusReceiver } from "@azure/service-bus";
import net from "node:net";
import { watchedLookup } from "../azure/name_lookups.ts";
import { Gate } from "./sdk_gate.ts";
import { settlementsOf, type Waits } from "./sdk_internals.ts";

/*
 * The connection of the SDK, of which its documentation says nothing. The tests of this file fail when another version
 * of it lacks one of these parts.
 */

interface ClientInternals {
  readonly _connectionContext: Context;
  createSender(queue: string): unknown;
}

interface Context {
  readonly connection: Connection;
  readonly cbsSession: {
    readonly _cbsSenderReceiverLink?: { readonly _responsesMap: Waits };
    negotiateClaim(...args: unknown[]): Promise<unknown>;
  };
  readonly managementClients: Readonly<Record<string, LinkOwner>>;
  wasConnectionCloseCalled: boolean;
  getManagementClient(path: string): LinkOwner;
  refreshConnection(): void;
}

interface Connection extends Closable {
  readonly options: { readonly transport?: string };
  readonly _connection: Wire;
  on(event: "disconnected" | "connection_open", listener: (context: BreakEvent) => void): void;
  isOpen(): boolean;
  open(...args: unknown[]): Promise<unknown>;
  createSession(...args: unknown[]): Promise<Session>;
}

interface BreakEvent {
  readonly error?: unknown;
  readonly connection?: { readonly error?: unknown };
}

/** What writes to the socket and reads from it. */
interface Wire {
  readonly socket?: object;
  readonly heartbeat_in?: ReturnType<typeof setTimeout>;
  readonly heartbeat_out?: ReturnType<typeof setTimeout>;
  abort_socket(socket: object): void;
  output(): void;
  once(event: "disconnected", listener: () => void): void;
  dispatch(event: "disconnected", context: object): void;
  _context(): object;
}

interface Session extends Closable {
  createSender(...args: unknown[]): Promise<Closable>;
  createAwaitableSender(...args: unknown[]): Promise<SenderLink>;
  createReceiver(...args: unknown[]): Promise<Closable>;
}

interface SenderLink extends Closable {
  readonly deliveryDispositionMap: Waits;
  isOpen(): boolean;
}

interface Closable {
  close(...args: unknown[]): Promise<void>;
}

/** By `link` it sends; before that it may wait for a second, if there is none. */
interface LinkOwner {
  readonly _link?: { readonly _responsesMap: Waits };
  readonly link: unknown;
}

/** The opening and closing of a link or of the connection is waited for so long, in s. */
const OPERATION_TIMEOUT_S = 10;

/** The connection of a client, beneath what the SDK shows of it. */
export interface BareConnection {
  /** Whether the service answers on it, as far as is known. */
  readonly isOpen: boolean;
  readonly isShut: boolean;
  /**
   * Ends what waits for an answer to what was sent, also by these receivers, and has all that is begun later fail at
   * once. What is being set up goes on until it is answered, or until `break()`.
   */
  shut(reason: unknown, receivers?: Iterable<ServiceBusReceiver>): void;
  /** Breaks it without a word, as one on which nothing comes any more: after that, no timer is left, and none is set. */
  break(): void;
}

/**
 * Watches the connection of a new client, and has it send at once what is small, which else waits for up to 40 ms.
 *
 * @param options `onBreak` is told why, if that is known
 */
export function bareConnection(
  client: ServiceBusClient,
  { onOpen, onBreak }: { onOpen: () => void; onBreak: (error: unknown) => void },
): BareConnection {
  const internals = client as unknown as ClientInternals;
  const context = internals._connectionContext;
  const { connection } = context;
  Object.assign(connection.options, {
    tcp_no_delay: true,
    operationTimeoutInSeconds: OPERATION_TIMEOUT_S,
    lookup: watchedLookup,
    connect: connection.options.transport === "tls" ? undefined : connectBare,
  });
  let wasOpen = false;
  connection.on("connection_open", () => {
    wasOpen = true;
    onOpen();
  });
  connection.on("disconnected", ({ error, connection }) => onBreak(error ?? connection?.error));
  const gate = new Gate();
  const senders = guard(internals, gate);
  // Under way on one that is lost, calls would make a new one of which nobody knows.
  const refresh = context.refreshConnection;
  context.refreshConnection = () => gate.isShut || refresh.call(context);
  const shut = (reason: unknown, receivers: Iterable<ServiceBusReceiver> = []) => {
    gate.shut(reason);
    // The SDK's own check, which it would set back, also covers the links there are. It does not tell the reason.
    if (wasOpen) {
      Object.defineProperty(context, "wasConnectionCloseCalled", { get: () => true, set: () => {} });
    }
    for (const waits of waitsOf(context, { senders, receivers })) endWaits(waits, reason);
  };
  return {
    get isOpen() {
      return connection.isOpen();
    },
    get isShut() {
      return gate.isShut;
    },
    shut,
    break: () => {
      if (!gate.isShut) shut(new Error("the connection was broken off"));
      breakWire(connection._connection);
      gate.end();
    },
  };
}

/** Has all go through the gate that sets a timer, or waits for an answer. @returns the links by which messages are sent */
function guard(client: ClientInternals, gate: Gate): Set<SenderLink> {
  const { _connectionContext: context } = client;
  const { connection, cbsSession } = context;
  const senders = new Set<SenderLink>();
  const guardClosing = (closable: Closable) => {
    // Cut off meanwhile, the SDK would wait for the answer for ever, and others for it.
    closable.close = gate.untilEnd(closable.close);
  };
  const guardSession = (session: Session) => {
    guardClosing(session);
    session.createSender = gate.before(session.createSender, guardClosing);
    session.createReceiver = gate.before(session.createReceiver, guardClosing);
    session.createAwaitableSender = gate.before(session.createAwaitableSender, (sender) => {
      guardClosing(sender);
      // One that was closed by the service may be waited for all the same.
      for (const old of senders) {
        if (!old.isOpen() && old.deliveryDispositionMap.size === 0) senders.delete(old);
      }
      senders.add(sender);
    });
  };
  guardClosing(connection);
  connection.open = gate.before(connection.open);
  connection.createSession = gate.before(connection.createSession, guardSession);
  cbsSession.negotiateClaim = gate.before(cbsSession.negotiateClaim);
  const createSender = client.createSender;
  client.createSender = (queue) => {
    const sender = createSender.call(client, queue);
    guardLink((sender as { readonly _sender: LinkOwner })._sender, gate);
    return sender;
  };
  const getManagementClient = context.getManagementClient;
  context.getManagementClient = (path) => guardLink(getManagementClient.call(context, path), gate);
  return senders;
}

function guardLink(owner: LinkOwner, gate: Gate): LinkOwner {
  if (Object.hasOwn(owner, "link")) return owner;
  return Object.defineProperty(owner, "link", {
    get: () => {
      gate.pass();
      return owner._link;
    },
  });
}

function waitsOf(
  { cbsSession, managementClients }: Context,
  { senders, receivers }: { senders: Iterable<SenderLink>; receivers: Iterable<ServiceBusReceiver> },
): (Waits | undefined)[] {
  return [
    cbsSession._cbsSenderReceiverLink?._responsesMap,
    ...Object.values(managementClients).map(({ _link }) => _link?._responsesMap),
    // Those that are closed, too: what came by them may be being settled.
    ...Array.from(receivers, settlementsOf),
    ...Array.from(senders, ({ deliveryDispositionMap }) => deliveryDispositionMap),
  ];
}

/** The SDK would wait until its time is over, and its timers keep the process alive as long. */
function endWaits(waits: Waits | undefined, reason: unknown): void {
  for (const [key, wait] of waits ?? []) {
    waits?.delete(key);
    clearTimeout(wait.timer);
    wait.cleanupBeforeResolveOrReject?.();
    wait.reject(reason);
  }
}

/** The SDK's own with the lookup that can be waited for; encrypted, it takes that from the options. */
function connectBare(port: number, host: string, _options: unknown, onConnect: () => void): net.Socket {
  return net.connect({ port, host, lookup: watchedLookup }, onConnect);
}

function breakWire(wire: Wire): void {
  // Closed while it is opened, it would go on to tell the service that it is alive.
  wire.output = () => {};
  let isTold = false;
  wire.once("disconnected", () => isTold = true);
  if (wire.socket !== undefined) wire.abort_socket(wire.socket);
  // Closed while it is opened, it says nothing of its end to those who wait for it.
  if (!isTold) wire.dispatch("disconnected", wire._context());
  clearTimeout(wire.heartbeat_out);
  clearTimeout(wire.heartbeat_in);
}
