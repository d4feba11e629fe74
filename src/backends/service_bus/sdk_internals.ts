import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { onAbort } from "../../core/abort.ts";
import { SilentAbort } from "./silent_abort.ts";

/*
 * The parts of the SDK that are not in its documentation and without which it cannot be used safely. The tests of this
 * file fail when another version of it lacks one of them.
 */

/** Who waits for an answer. */
export type Waits = Map<unknown, {
  reject(reason: unknown): void;
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
  /** Aborted when nothing comes any more: what has come is forgotten. */
  readonly over?: AbortSignal;
  /** Told of what goes on after the receive was aborted. */
  readonly onLeft?: (rest: Promise<unknown>) => void;
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
  { max, waitMs, signal, over, onLeft }: ReceiveOptions,
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
  using _over = over && onAbort(over, () => setUp.abort());
  const givenUp = Promise.withResolvers<undefined>();
  using _ = signal && onAbort(signal, () => {
    if (over?.aborted) return;
    if (lite?._finalAction !== undefined) return lite._finalAction();
    setUp.abortSilently();
    const rest = received.catch(() => {}).then(() => receiver.close()).catch(() => {});
    onLeft?.(rest);
    givenUp.resolve(undefined);
  });
  return await Promise.race([received, givenUp.promise]);
}

function liteOf(receiver: ServiceBusReceiver) {
  return internalsOf(receiver)?._batchingReceiverLite;
}

/** Who waits for the answer to a settlement by a receiver's own link. */
export function settlementsOf(receiver: ServiceBusReceiver): Waits | undefined {
  return internalsOf(receiver)?._deliveryDispositionMap;
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
