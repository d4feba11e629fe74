/** What the broker refuses, in the words of AMQP: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot */
export class BrokerError extends Error {
  override readonly name = "BrokerError";

  /**
   * @param condition AMQP's: "amqp:not-found"
   * @param status of an answer over HTTP or `$management`
   */
  constructor(readonly condition: string, readonly status: number, description: string) {
    super(description);
  }
}

export function lockLost(): BrokerError {
  return new BrokerError(
    "com.microsoft:message-lock-lost",
    410,
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  );
}

export function entityNotFound(name: string): BrokerError {
  return new BrokerError("amqp:not-found", 404, `The messaging entity '${name}' could not be found.`);
}

export function messageNotFound(): BrokerError {
  return new BrokerError("com.microsoft:message-not-found", 404, "The message could not be found.");
}

export function unauthorized(description: string): BrokerError {
  return new BrokerError("amqp:unauthorized-access", 401, description);
}

export function serverBusy(): BrokerError {
  return new BrokerError(
    "com.microsoft:server-busy",
    503,
    "The request was terminated because the namespace is being throttled.",
  );
}

export function tooLarge(limitBytes: number): BrokerError {
  return new BrokerError(
    "amqp:link:message-size-exceeded",
    400,
    `The message exceeds the maximum size of ${limitBytes} bytes.`,
  );
}

export function quotaExceeded(name: string): BrokerError {
  return new BrokerError(
    "amqp:resource-limit-exceeded",
    403,
    `The maximum entity size has been reached or exceeded: ${name}.`,
  );
}

export function invalid(description: string): BrokerError {
  return new BrokerError("com.microsoft:argument-error", 400, description);
}
