/** Requests and their answers, which come on one link and go on another. */
import type { BrokerError } from "./broker_error.ts";
import type { AmqpMessage, SendingLink } from "./codec.ts";
import { types } from "./codec.ts";

/** What a request is answered with. */
export interface Response {
  readonly status: number;
  readonly body?: unknown;
}

/** The links of one connection on which answers go out. */
export class ReplyLinks {
  readonly #links = new Set<SendingLink>();

  add(link: SendingLink): void {
    this.#links.add(link);
  }

  remove(link: SendingLink): void {
    this.#links.delete(link);
  }

  /** Where an answer goes: clients give the link's name or their end's address, or else nothing. */
  find(request: AmqpMessage, address: string): SendingLink | undefined {
    const links = [...this.#links].filter(({ source }) => isSame(source?.address, address));
    const replyTo = request.reply_to;
    return links.find(({ name, target }) => replyTo === name || (replyTo && replyTo === target?.address)) ??
      links.at(-1);
  }
}

/** `$cbs` and `$management` spell the fields of an answer in their own ways. */
export const CBS_FIELDS = {
  status: "status-code",
  description: "status-description",
  condition: "error-condition",
} as const;

export const MANAGEMENT_FIELDS = {
  status: "statusCode",
  description: "statusDescription",
  condition: "errorCondition",
} as const;

type Fields = typeof CBS_FIELDS | typeof MANAGEMENT_FIELDS;

export function responseMessage(request: AmqpMessage, response: Response, fields: Fields): AmqpMessage {
  return {
    correlation_id: request.message_id,
    body: response.body,
    application_properties: {
      [fields.status]: types.wrap_int(response.status),
      [fields.description]: response.status === 202 ? "Accepted" : "OK",
    },
  };
}

export function refusalMessage(request: AmqpMessage, error: BrokerError, fields: Fields): AmqpMessage {
  return {
    correlation_id: request.message_id,
    application_properties: {
      [fields.status]: types.wrap_int(error.status),
      [fields.description]: error.message,
      [fields.condition]: error.condition,
    },
  };
}

function isSame(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
