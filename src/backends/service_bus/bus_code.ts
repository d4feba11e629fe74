import type { FailedCall } from "../azure/failed_call.ts";

/** What the SDK calls a condition of AMQP or an error of the system, and what was said about it. */
export interface BusCode {
  /** "UnauthorizedAccess", "InternalServerError", "ECONNREFUSED"; undefined for what has no name. */
  readonly code?: string;
  readonly said: string;
}

/**
 * The names that the SDK translates where it gets to: the same refusal comes with one or the other.
 * Source: `ServiceBusErrorCode` in its documentation.
 */
const TRANSLATED: Readonly<Record<string, string>> = {
  MessagingEntityNotFoundError: "MessagingEntityNotFound",
  MessagingEntityDisabledError: "MessagingEntityDisabled",
  MessagingEntityAlreadyExistsError: "MessagingEntityAlreadyExists",
  MessageLockLostError: "MessageLockLost",
  SessionLockLostError: "SessionLockLost",
  MessageNotFoundError: "MessageNotFound",
  MessageTooLargeError: "MessageSizeExceeded",
  QuotaExceededError: "QuotaExceeded",
  ServerBusyError: "ServiceBusy",
  OperationTimeoutError: "ServiceTimeout",
  ServiceUnavailableError: "ServiceTimeout",
  ServiceCommunicationError: "ServiceCommunicationProblem",
  UnauthorizedError: "UnauthorizedAccess",
};

/** The code of a call over AMQP. Those for which the SDK has no name of its own stand at the beginning of the message. */
export function busCode({ code, message }: FailedCall): BusCode {
  if (code !== "GeneralError") return { code: TRANSLATED[code ?? ""] ?? code, said: message };
  const [, inner, said = message] = /^(?:GeneralError: )?(?:(\w+Error|E[A-Z_]{3,}): )?(.*)$/s.exec(message) ??
    [];
  return { code: inner, said };
}
