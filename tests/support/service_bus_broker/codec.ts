/** The one door to rhea, whose typings leave out what a broker needs of it. */
import type { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import rhea from "rhea";

/** A message as rhea decodes it: the fields of its header and properties, and its maps, side by side. */
export interface AmqpMessage {
  message_id?: unknown;
  correlation_id?: unknown;
  reply_to?: unknown;
  content_type?: unknown;
  subject?: unknown;
  body?: unknown;
  ttl?: number;
  delivery_count?: number;
  application_properties?: Record<string, unknown>;
  message_annotations?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface AmqpFailure {
  readonly condition: string;
  readonly description: string;
}

/** What a peer says of a delivery. */
export interface Outcome {
  readonly undeliverable_here?: boolean;
  readonly message_annotations?: Record<string, unknown>;
  readonly error?: { readonly condition?: unknown; readonly info?: Record<string, unknown> };
}

export interface Delivery {
  readonly tag: Buffer;
  remote_settled: boolean;
  settled: boolean;
  readonly remote_state?: Outcome;
  update(settled: boolean, state: unknown): void;
}

export interface AmqpConnection extends EventEmitter {
  accept(socket: unknown): unknown;
  input(chunk: Uint8Array): void;
  is_open(): boolean;
  close(error?: AmqpFailure): void;
  _disconnected(): void;
  /** Writes what there is to write. */
  _process(): void;
}

interface AmqpLink {
  readonly name: string;
  readonly connection: AmqpConnection;
  readonly source?: { readonly address?: string };
  readonly target?: { readonly address?: string };
  readonly local: { readonly attach: Record<string, unknown> };
  readonly state: { local_open: boolean; open_requests: number };
  credit: number;
  open(): void;
  close(error?: AmqpFailure): void;
  is_open(): boolean;
  is_closed(): boolean;
  set_source(fields: { address?: string }): void;
  set_target(fields: { address?: string }): void;
}

/** A link on which the broker sends. */
export interface SendingLink extends AmqpLink {
  readonly snd_settle_mode: number;
  readonly session: { readonly outgoing: { next_delivery_id: number; next_pending_delivery: number } };
  delivery_count: number;
  _draining: boolean;
  _get_drain: () => boolean;
  issue_flow: boolean;
  send(message: AmqpMessage, tag?: Uint8Array): Delivery;
}

/** A link on which the broker receives. */
export type ReceivingLink = AmqpLink;

export interface AmqpContext {
  readonly connection: AmqpConnection;
  readonly sender: SendingLink;
  readonly receiver: ReceivingLink;
  readonly delivery: Delivery;
  /** Bytes when it is a batch. */
  readonly message: AmqpMessage | Buffer;
}

export interface Container extends EventEmitter {
  readonly sasl_server_mechanisms: { enable_anonymous(): void };
  create_connection(options: Record<string, unknown>): AmqpConnection;
}

/** A section of a body that holds bytes: AMQP has one for data and one for lists. */
interface Section {
  readonly typecode: number;
  readonly content: unknown;
}

interface MessageCodec {
  encode(message: AmqpMessage): Buffer;
  decode(bytes: Uint8Array): AmqpMessage;
  data_section(data: Uint8Array): Section;
  accepted(): { described(): unknown };
  rejected(fields: { error: AmqpFailure }): { described(): unknown };
}

interface TypeCodec {
  wrap_int(value: number): unknown;
  wrap_long(value: number): unknown;
  wrap_timestamp(ms: number): unknown;
  wrap_uuid(bytes: Uint8Array): unknown;
  wrap_array(values: readonly unknown[], typeCode: number): unknown;
}

export const messages = rhea.message as unknown as MessageCodec;
export const types = rhea.types as unknown as TypeCodec;

/** AMQP's codes of the types of an array's items. */
export const TYPE_CODES = { long: 0x81, timestamp: 0x83, uuid: 0x98 } as const;

export function newContainer(id: string): Container {
  return rhea.create_container({ id }) as unknown as Container;
}

/** The bytes or lists of a body; undefined when it is a value. */
export function sectionsOf(body: unknown): readonly unknown[] | undefined {
  if (typeof body !== "object" || body === null || !("typecode" in body) || !("content" in body)) {
    return undefined;
  }
  return Array.isArray(body.content) ? body.content : [body.content];
}

export function uuidText(bytes: Uint8Array): string {
  return rhea.uuid_to_string(bytes as Buffer);
}

export function uuidBytes(text: string): Buffer {
  return rhea.string_to_uuid(text) as Buffer;
}

/** A lock token in the order of bytes of .NET's Guid, which delivery tags have. */
export function guidBytes(token: string): Uint8Array {
  const bytes = uuidBytes(token);
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Uint8Array.from(order, (index) => bytes[index] ?? 0);
}
