import { Buffer } from "node:buffer";
import { type AmqpMessage, messages, sectionsOf, types } from "./codec.ts";

export type MessageState =
  | { readonly kind: "active" }
  /** Only who knows the token can settle it. A deferred one stays deferred when its lock ends. */
  | { readonly kind: "locked"; readonly token: string; readonly until: number; readonly isDeferred: boolean }
  | { readonly kind: "scheduled"; readonly at: number }
  | { readonly kind: "deferred" };

/** A message on a queue, with what the service adds to what its sender gave. Instants are ms since the epoch. */
export interface StoredMessage {
  sequenceNumber: number;
  readonly content: AmqpMessage;
  readonly sizeBytes: number;
  enqueuedAt: number;
  /** Undefined: never. */
  expiresAt: number | undefined;
  deliveryCount: number;
  state: MessageState;
  /** The queue from which it came to its dead letters. */
  deadLetterSource?: string;
}

/** A message as a test looks at it. */
export interface SeenMessage {
  readonly messageId: string;
  /** Text; JSON of a body that is a value. */
  readonly body: string;
  readonly sequenceNumber: number;
  readonly deliveryCount: number;
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  readonly state: MessageState;
  readonly deadLetterReason?: string;
  readonly deadLetterErrorDescription?: string;
}

/** What a receiver changes of a message's application properties when it settles it. */
export type Properties = Readonly<Record<string, unknown>>;

const STATE_NUMBERS = { active: 0, locked: 0, deferred: 1, scheduled: 2 } as const;

/** A message as it comes on a queue. */
export function newMessage(
  content: AmqpMessage,
  { sequenceNumber, sizeBytes, now, scheduledAt = now, defaultTtlMs }: {
    sequenceNumber: number;
    sizeBytes: number;
    now: number;
    scheduledAt?: number;
    defaultTtlMs: number;
  },
): StoredMessage {
  const startsAt = Math.max(now, scheduledAt);
  const ttlMs = Math.min(content.ttl ?? Infinity, defaultTtlMs);
  return {
    sequenceNumber,
    content,
    sizeBytes,
    enqueuedAt: startsAt,
    expiresAt: ttlMs === Infinity ? undefined : startsAt + ttlMs,
    deliveryCount: 0,
    state: startsAt > now ? { kind: "scheduled", at: startsAt } : { kind: "active" },
  };
}

export function seen(message: StoredMessage): SeenMessage {
  const { content, sequenceNumber, deliveryCount, state } = message;
  const properties = content.application_properties ?? {};
  return {
    messageId: messageIdOf(content),
    body: textOf(content.body),
    sequenceNumber,
    deliveryCount,
    applicationProperties: properties,
    state,
    ...(properties.DeadLetterReason === undefined
      ? {}
      : { deadLetterReason: String(properties.DeadLetterReason) }),
    ...(properties.DeadLetterErrorDescription === undefined
      ? {}
      : { deadLetterErrorDescription: String(properties.DeadLetterErrorDescription) }),
  };
}

/** The message as it goes out, with the service's annotations. */
export function outgoing(message: StoredMessage): AmqpMessage {
  const { content, state } = message;
  const annotations: Record<string, unknown> = {
    ...content.message_annotations,
    "x-opt-sequence-number": types.wrap_long(message.sequenceNumber),
    "x-opt-enqueue-sequence-number": types.wrap_long(message.sequenceNumber),
    "x-opt-enqueued-time": types.wrap_timestamp(message.enqueuedAt),
    "x-opt-message-state": types.wrap_int(
      state.kind === "locked" && state.isDeferred ? STATE_NUMBERS.deferred : STATE_NUMBERS[state.kind],
    ),
  };
  if (state.kind === "locked") annotations["x-opt-locked-until"] = types.wrap_timestamp(state.until);
  if (message.deadLetterSource !== undefined) {
    annotations["x-opt-deadletter-source"] = message.deadLetterSource;
  }
  return { ...content, delivery_count: message.deliveryCount, message_annotations: annotations };
}

export function changeProperties({ content }: StoredMessage, properties: Properties | undefined): void {
  if (properties === undefined || Object.keys(properties).length === 0) return;
  content.application_properties = { ...content.application_properties, ...properties };
}

export interface DeadLetterReason {
  readonly reason?: string;
  readonly description?: string;
  readonly properties?: Properties;
}

/** Makes a dead letter of a message that is on no queue now. @param source the queue on which it was */
export function markDead(
  message: StoredMessage,
  { reason, description, properties, source }: DeadLetterReason & { source: string },
): void {
  changeProperties(message, {
    ...properties,
    ...(reason === undefined ? {} : { DeadLetterReason: reason }),
    ...(description === undefined ? {} : { DeadLetterErrorDescription: description }),
  });
  message.state = { kind: "active" };
  message.expiresAt = undefined;
  message.deadLetterSource = source;
}

/** One that came without an id gets one, as on the service. */
export function messageIdOf(content: AmqpMessage): string {
  content.message_id ??= crypto.randomUUID().replaceAll("-", "");
  return content.message_id instanceof Uint8Array
    ? Buffer.from(content.message_id).toString("hex")
    : String(content.message_id);
}

/** When it shall become active, if that is not at once. */
export function scheduledTimeOf(content: AmqpMessage): number | undefined {
  const time = content.message_annotations?.["x-opt-scheduled-enqueue-time"];
  if (time instanceof Date) return time.getTime();
  return typeof time === "number" ? time : undefined;
}

export function textOf(body: unknown): string {
  const sections = sectionsOf(body);
  if (sections === undefined) return typeof body === "string" ? body : JSON.stringify(body ?? null);
  return sections.map((part) => part instanceof Uint8Array ? new TextDecoder().decode(part) : String(part))
    .join("");
}

/** Exact where it is near to `limitBytes`; encoding each message again would cost too much. */
export function sizeOf(content: AmqpMessage, limitBytes: number): number {
  const bodyBytes = (sectionsOf(content.body) ?? [])
    .reduce<number>((sum, part) => sum + (part instanceof Uint8Array ? part.length : 0), 0);
  const isSimple = bodyBytes > 0 && content.application_properties === undefined;
  const estimate = bodyBytes + 512;
  return isSimple && estimate < limitBytes ? estimate : messages.encode(content).length;
}
