import {
  AccessDeniedError,
  BackendError,
  JobqError,
  type JobqErrorOptions,
  QueueNotFoundError,
  UsageError,
} from "../../core/errors.ts";
import { type FailedCall, failedCall } from "../azure/failed_call.ts";
import { judgeAnswer } from "./bus_answers.ts";
import type { Judgement } from "./bus_judgement.ts";
import { judgeConnection } from "./bus_network.ts";

/** What was asked of which queue, for the sentence. */
export interface BusAction {
  /** "push to", "read" */
  readonly action: string;
  /** The queue's address. */
  readonly name: string;
}

/**
 * The error to raise for what a call of the Service Bus SDK threw; errors of jobq itself pass through. Its cause keeps
 * what the functions below look at, and no secret.
 */
export function translateBusError(thrown: unknown, { action, name }: BusAction): Error {
  if (thrown instanceof JobqError) return thrown;
  const { cause, judgement, isAmbiguous } = judge(thrown);
  const { kind, reason, hint } = judgement;
  const message = `Cannot ${action} "${name}": ${reason}`;
  const options: JobqErrorOptions = { hint, cause };
  switch (kind) {
    case "denied":
      return new AccessDeniedError(message, options);
    case "missing":
      return new QueueNotFoundError(message, options);
    case "too-large":
      return new UsageError(message, options);
    case "passing":
      return new BackendError(message, { ...options, transient: true, mayBeDone: isAmbiguous });
    case "lock-lost":
    case "broken":
      return new BackendError(message, options);
    default:
      return kind satisfies never;
  }
}

/** True when the lock has ended, or the message was settled or removed; also of a translated error. */
export function isLockLost(error: unknown): boolean {
  return judge(error).judgement.kind === "lock-lost";
}

/** True when there is no such queue; also of a translated error. */
export function isQueueMissing(error: unknown): boolean {
  return judge(error).judgement.kind === "missing";
}

/** True when a message, or a batch of them, is larger than the queue takes; also of a translated error. */
export function isTooLarge(error: unknown): boolean {
  return judge(error).judgement.kind === "too-large";
}

/** True when the call failed without an answer that tells whether it was done; also of a translated error. */
export function mayBeDone(error: unknown): boolean {
  if (error instanceof BackendError) return error.mayBeDone;
  return judge(error).isAmbiguous;
}

/**
 * True when no connection could be made, or what all calls need did not come up on it in time: where AMQP's port is
 * closed, WebSockets may go through. Also of a translated error.
 */
export function isUnreachable(error: unknown): boolean {
  return judge(error).judgement.connection === "none";
}

/**
 * True when the same call may succeed on a new connection, since this one was cut, hangs or never came up; false for
 * what the service answered. Also of a translated error.
 */
export function mayPassOnNewConnection(error: unknown): boolean {
  const { judgement } = judge(error);
  return judgement.kind === "passing" && judgement.connection !== undefined;
}

interface Judged {
  readonly cause: FailedCall;
  readonly judgement: Judgement;
  readonly isAmbiguous: boolean;
}

/** Of several tries, the last tells why it failed, and each that it may be done. */
function judge(thrown: unknown): Judged {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    const all = thrown.errors.map(judge);
    const last = all[all.length - 1] ?? judge(undefined);
    return { ...last, isAmbiguous: all.some(({ isAmbiguous }) => isAmbiguous) };
  }
  const cause = failedCall(thrown);
  const judgement = judgeConnection(cause) ?? judgeAnswer(cause);
  return { cause, judgement, isAmbiguous: judgement.isAmbiguous ?? false };
}
