/** Messages over HTTP: https://learn.microsoft.com/rest/api/servicebus/message-operations */
import type { Parts } from "./amqp_host.ts";
import type { Right } from "./access.ts";
import { BrokerError, invalid, lockLost, unauthorized } from "./broker_error.ts";
import { type AmqpMessage, messages, sectionsOf } from "./codec.ts";
import type { Faults } from "./faults.ts";
import type { HttpRequest } from "./http_host.ts";
import type { BrokerQueue } from "./queue.ts";
import { messageIdOf, type StoredMessage, textOf } from "./stored_message.ts";

const DATA_PATH = /^\/(.+)\/messages(?:\/(head|[^/]+\/[^/]+))?$/i;

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** How long a request for a message waits unless it says so. */
const DEFAULT_WAIT_S = 60;

export function isDataPath(path: string): boolean {
  return DATA_PATH.test(path);
}

/** @throws BrokerError when it is refused */
export function serveData(request: HttpRequest, parts: Parts): Response | Promise<Response> {
  const { method, url, headers } = request;
  const [, name = "", rest] = DATA_PATH.exec(url.pathname) ?? [];
  const token = headers.get("authorization");
  if (token === null) throw unauthorized("MissingToken: The authorization header was not found.");
  const address = decodeURIComponent(name);
  const rights: readonly Right[] = rest === undefined ? ["send"] : ["listen"];
  parts.access.demand([parts.access.check(token)], { address, rights });
  const { queue } = parts.namespace.resolve(address);
  if (rest === undefined && method === "POST") return send(request, queue);
  if (rest === "head" && (method === "POST" || method === "DELETE")) {
    return receive(request, { queue, name, faults: parts.faults });
  }
  const lockToken = rest?.split("/")[1];
  if (lockToken === undefined) {
    throw new BrokerError("amqp:not-implemented", 405, `There is no ${method} here.`);
  }
  return settle(method, { queue, lockToken });
}

function send(request: HttpRequest, queue: BrokerQueue): Response {
  const properties = brokerProperties(request.headers);
  const { MessageId, TimeToLive, ScheduledEnqueueTimeUtc, Label, CorrelationId } = properties;
  const content: AmqpMessage = {
    body: messages.data_section(request.body),
    content_type: request.headers.get("content-type") ?? undefined,
    ...(MessageId === undefined ? {} : { message_id: String(MessageId) }),
    ...(TimeToLive === undefined ? {} : { ttl: Number(TimeToLive) * 1000 }),
    ...(Label === undefined ? {} : { subject: String(Label) }),
    ...(CorrelationId === undefined ? {} : { correlation_id: String(CorrelationId) }),
  };
  const scheduledAt = ScheduledEnqueueTimeUtc === undefined
    ? undefined
    : Date.parse(String(ScheduledEnqueueTimeUtc));
  queue.send(content, { scheduledAt });
  return new Response(null, { status: 201 });
}

function brokerProperties(headers: Headers): Record<string, unknown> {
  try {
    return JSON.parse(headers.get("brokerproperties") ?? "{}") as Record<string, unknown>;
  } catch {
    throw invalid("The header BrokerProperties is no JSON.");
  }
}

/** Waits for a message as long as the request says: 201 when it is locked, 200 when it is deleted, 204 when none came. */
function receive(
  { method, url, base }: HttpRequest,
  { queue, name, faults }: { queue: BrokerQueue; name: string; faults: Faults },
): Promise<Response> {
  const deletes = method === "DELETE";
  const waitMs = Number(url.searchParams.get("timeout") ?? DEFAULT_WAIT_S) * 1000;
  const { promise, resolve } = Promise.withResolvers<Response>();
  const over = new AbortController();
  const consumer = {
    deletes,
    get credit() {
      return over.signal.aborted ? 0 : 1;
    },
    deliver(message: StoredMessage) {
      over.abort();
      queue.unsubscribe(consumer);
      resolve(delivered(message, `${base}/${name}`));
    },
  };
  queue.subscribe(consumer);
  faults.sleep(waitMs, over.signal).then(() => {
    over.abort();
    queue.unsubscribe(consumer);
    resolve(new Response(null, { status: 204 }));
  });
  return promise;
}

function delivered(message: StoredMessage, address: string): Response {
  const { content, state, sequenceNumber, deliveryCount, enqueuedAt } = message;
  const properties: Record<string, unknown> = {
    MessageId: messageIdOf(content),
    SequenceNumber: sequenceNumber,
    // Over HTTP the first delivery is number 1.
    DeliveryCount: deliveryCount + 1,
    EnqueuedTimeUtc: new Date(enqueuedAt).toUTCString(),
    State: "Active",
  };
  const headers = customHeaders(message);
  headers.set("content-type", String(content.content_type ?? "application/octet-stream"));
  if (state.kind === "locked") {
    properties.LockToken = state.token;
    properties.LockedUntilUtc = new Date(state.until).toUTCString();
    headers.set("location", `${address}/messages/${sequenceNumber}/${state.token}`);
  }
  headers.set("brokerproperties", JSON.stringify(properties));
  return new Response(bytesOf(content.body), { status: state.kind === "locked" ? 201 : 200, headers });
}

/** Application properties are headers of their own, texts in quotes; here only those whose names can be headers'. */
function customHeaders({ content }: StoredMessage): Headers {
  const properties = Object.entries(content.application_properties ?? {});
  return new Headers(
    properties.filter(([name]) => HEADER_NAME.test(name)).map(([name, value]) => [name, asciiJson(value)]),
  );
}

function asciiJson(value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  return json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function bytesOf(body: unknown): Uint8Array<ArrayBuffer> {
  const [first] = sectionsOf(body) ?? [];
  return first instanceof Uint8Array ? Uint8Array.from(first) : new TextEncoder().encode(textOf(body));
}

/** DELETE completes, PUT unlocks, POST renews. */
function settle(method: string, { queue, lockToken }: { queue: BrokerQueue; lockToken: string }): Response {
  try {
    if (method === "DELETE") queue.complete(lockToken);
    else if (method === "PUT") queue.abandon(lockToken);
    else if (method === "POST") {
      const LockedUntilUtc = new Date(queue.renew(lockToken)).toUTCString();
      return new Response(null, { headers: { brokerproperties: JSON.stringify({ LockedUntilUtc }) } });
    } else throw new BrokerError("amqp:not-implemented", 405, `There is no ${method} for a locked message.`);
  } catch (error) {
    const { condition, message } = lockLost();
    const isLost = error instanceof BrokerError && error.condition === condition;
    // What is 410 on AMQP is 404 here.
    throw isLost ? new BrokerError(condition, 404, message) : error;
  }
  return new Response(null, { status: 200 });
}
