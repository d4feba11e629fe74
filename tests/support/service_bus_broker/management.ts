/** What queues answer on `$management`: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response */
import type { Buffer } from "node:buffer";
import type { Right } from "./access.ts";
import { BrokerError, invalid } from "./broker_error.ts";
import { type AmqpMessage, messages, TYPE_CODES, types, uuidBytes, uuidText } from "./codec.ts";
import type { BrokerQueue } from "./queue.ts";
import type { Response } from "./requests.ts";
import { outgoing, type StoredMessage } from "./stored_message.ts";

type Body = Readonly<Record<string, unknown>>;
type Operation = (queue: BrokerQueue, body: Body) => Response;

const RECEIVE_AND_DELETE = 0;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "com.microsoft:renew-lock": renewLock,
  "com.microsoft:peek-message": peek,
  "com.microsoft:update-disposition": updateDisposition,
  "com.microsoft:schedule-message": schedule,
  "com.microsoft:cancel-scheduled-message": cancelScheduled,
  "com.microsoft:receive-by-sequence-number": receiveDeferred,
};

export function operationOf(request: AmqpMessage): string {
  return String(request.application_properties?.operation);
}

/** What a client must be allowed for it: to schedule is to send. */
export function rightFor(request: AmqpMessage): Right {
  return /schedule/.test(operationOf(request)) ? "send" : "listen";
}

/** @throws BrokerError when it is refused */
export function manage(queue: BrokerQueue, request: AmqpMessage): Response {
  const operation = OPERATIONS[operationOf(request)];
  if (operation === undefined) {
    throw new BrokerError("amqp:not-implemented", 501, `The broker can't do '${operationOf(request)}'.`);
  }
  const { body } = request;
  if (typeof body !== "object" || body === null) throw invalid("The request has no map as its body.");
  return operation(queue, body as Body);
}

function renewLock(queue: BrokerQueue, body: Body): Response {
  const until = tokensOf(body).map((token) => queue.renew(token));
  return { status: 200, body: { expirations: types.wrap_array(until, TYPE_CODES.timestamp) } };
}

function peek(queue: BrokerQueue, body: Body): Response {
  const from = numberOf(body["from-sequence-number"]);
  const found = queue.peek(from, numberOf(body["message-count"]));
  if (found.length === 0) return { status: 204, body: { messages: [] } };
  return { status: 200, body: { messages: found.map((message) => ({ message: bytesOf(message) })) } };
}

function updateDisposition(queue: BrokerQueue, body: Body): Response {
  const properties = body["properties-to-modify"] as Body | undefined;
  const status = body["disposition-status"];
  for (const token of tokensOf(body)) {
    if (status === "completed") queue.complete(token);
    else if (status === "abandoned") queue.abandon(token, { properties });
    else if (status === "defered") queue.defer(token, properties);
    else if (status === "suspended") {
      const reason = textOf(body["deadletter-reason"]);
      queue.deadLetter(token, { reason, description: textOf(body["deadletter-description"]), properties });
    } else throw invalid(`There is no disposition '${status}'.`);
  }
  return { status: 200 };
}

function schedule(queue: BrokerQueue, body: Body): Response {
  const numbers = listOf(body.messages).map((one) => {
    const { message } = one as { message: Uint8Array };
    return queue.send(messages.decode(message));
  });
  return { status: 200, body: { "sequence-numbers": types.wrap_array(numbers, TYPE_CODES.long) } };
}

function cancelScheduled(queue: BrokerQueue, body: Body): Response {
  queue.cancelScheduled(listOf(body["sequence-numbers"]).map(numberOf));
  return { status: 200 };
}

function receiveDeferred(queue: BrokerQueue, body: Body): Response {
  const deletes = body["receiver-settle-mode"] === RECEIVE_AND_DELETE;
  const found = queue.takeDeferred(listOf(body["sequence-numbers"]).map(numberOf), { deletes });
  const answers = found.map((message) => ({
    message: bytesOf(message),
    ...(message.state.kind === "locked"
      ? { "lock-token": types.wrap_uuid(uuidBytes(message.state.token)) }
      : {}),
  }));
  return { status: 200, body: { messages: answers } };
}

function bytesOf(message: StoredMessage): Buffer {
  return messages.encode(outgoing(message));
}

function tokensOf(body: Body): string[] {
  return listOf(body["lock-tokens"]).map((bytes) => uuidText(bytes as Uint8Array));
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid("The request lacks a list.");
  return value;
}

/** Rhea gives numbers that JavaScript can't hold as bytes. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (!(value instanceof Uint8Array)) throw invalid("The request lacks a number.");
  return Number(new DataView(value.buffer, value.byteOffset, value.length).getBigInt64(0));
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
