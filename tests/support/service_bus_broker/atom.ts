/** Management of queues over HTTP, with Atom: https://learn.microsoft.com/rest/api/servicebus/queues */
import type { Parts } from "./amqp_host.ts";
import { BrokerError, entityNotFound, invalid, unauthorized } from "./broker_error.ts";
import type { HttpRequest } from "./http_host.ts";
import type { BrokerQueue } from "./queue.ts";
import type { QueueOptions } from "./queue_options.ts";
import { QueueView } from "./queue_view.ts";
import { elementText, escapeXml, formatIsoDuration, parseIsoDuration } from "./xml.ts";

const LIST_PATH = "$resources/queues";
const MAX_LOCK_MS = 300_000;
const MIB = 1024 ** 2;

/** @throws BrokerError when it is refused */
export function administer(request: HttpRequest, { namespace, access }: Parts): Response {
  const { method, url, headers } = request;
  const token = headers.get("authorization");
  if (token === null) throw unauthorized("MissingToken: The authorization header was not found.");
  const name = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, "");
  access.demand([access.check(token)], { address: name, rights: ["manage"] });
  if (name.toLowerCase() === LIST_PATH) return list(request, namespace.queues);
  switch (method) {
    case "GET": {
      const queue = namespace.get(name);
      // The service has no 404 for this.
      return queue === undefined ? xml(feed("")) : xml(entry(queue, request));
    }
    case "PUT": {
      const description = new TextDecoder().decode(request.body);
      if (headers.has("if-match")) {
        const queue = namespace.get(name);
        if (queue === undefined) throw entityNotFound(name);
        queue.options = { ...queue.options, ...optionsOf(description) };
        return xml(entry(queue, request));
      }
      return xml(entry(namespace.create(name, optionsOf(description)), request), 201);
    }
    case "DELETE":
      if (namespace.get(name) === undefined) throw entityNotFound(name);
      namespace.delete(name);
      return new Response(null, { status: 200 });
    default:
      throw new BrokerError("amqp:not-implemented", 405, `There is no ${method} for queues.`);
  }
}

function list(request: HttpRequest, queues: readonly BrokerQueue[]): Response {
  const { searchParams } = request.url;
  const skip = Number(searchParams.get("$skip") ?? 0);
  const top = Number(searchParams.get("$top") ?? 100);
  return xml(feed(queues.slice(skip, skip + top).map((queue) => entry(queue, request)).join("")));
}

/** Forwarding and what else a queue may have beyond this is ignored. */
function optionsOf(description: string): QueueOptions {
  const duration = (name: string) => {
    const text = elementText(description, name);
    if (text === undefined) return undefined;
    const ms = parseIsoDuration(text);
    if (ms === undefined) throw invalid(`SubCode=40000. '${name}' is no duration: '${text}'.`);
    return ms;
  };
  const lockDurationMs = duration("LockDuration");
  if (lockDurationMs !== undefined && lockDurationMs > MAX_LOCK_MS) {
    throw invalid("SubCode=40000. The lock duration can be 5 minutes at most.");
  }
  const windowMs = duration("DuplicateDetectionHistoryTimeWindow") ?? 600_000;
  const detects = elementText(description, "RequiresDuplicateDetection") === "true";
  const maxMebibytes = elementText(description, "MaxSizeInMegabytes");
  const wanted: QueueOptions = {
    lockDurationMs,
    maxDeliveryCount: Number(elementText(description, "MaxDeliveryCount") ?? 10),
    duplicateDetectionMs: detects ? windowMs : 0,
    defaultTtlMs: duration("DefaultMessageTimeToLive"),
    deadLetteringOnExpiration: elementText(description, "DeadLetteringOnMessageExpiration") === "true",
    maxSizeBytes: maxMebibytes === undefined ? undefined : Number(maxMebibytes) * MIB,
    requiresSession: elementText(description, "RequiresSession") === "true",
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}

function entry(made: BrokerQueue, { base }: HttpRequest): string {
  const queue = new QueueView(made);
  const path = queue.name.split("/").map(encodeURIComponent).join("/");
  const created = new Date(made.createdAt).toISOString();
  const { lockDurationMs, duplicateDetectionMs, defaultTtlMs, maxDeliveryCount, maxSizeBytes } =
    queue.options;
  const elements: readonly (readonly [string, unknown])[] = [
    ["LockDuration", formatIsoDuration(lockDurationMs)],
    ["MaxSizeInMegabytes", Math.ceil(maxSizeBytes / MIB)],
    ["RequiresDuplicateDetection", duplicateDetectionMs > 0],
    ["RequiresSession", queue.options.requiresSession],
    ["DefaultMessageTimeToLive", formatIsoDuration(defaultTtlMs)],
    ["DeadLetteringOnMessageExpiration", queue.options.deadLetteringOnExpiration],
    ["DuplicateDetectionHistoryTimeWindow", formatIsoDuration(duplicateDetectionMs || 600_000)],
    ["MaxDeliveryCount", maxDeliveryCount],
    ["EnableBatchedOperations", true],
    ["SizeInBytes", queue.sizeBytes],
    ["MessageCount", queue.all.length + queue.dead.length],
    ["Status", "Active"],
    ["CreatedAt", created],
    ["UpdatedAt", created],
    ["AccessedAt", created],
  ];
  const inside = elements.map(([name, value]) => `<${name}>${value}</${name}>`).join("") + countsOf(queue) +
    "<EnablePartitioning>false</EnablePartitioning><EnableExpress>false</EnableExpress>" +
    "<EntityAvailabilityStatus>Available</EntityAvailabilityStatus>";
  const namespace = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";
  return `<entry xmlns="http://www.w3.org/2005/Atom"><id>${base}/${path}?api-version=2021-05</id>` +
    `<title type="text">${escapeXml(queue.name)}</title><published>${created}</published>` +
    `<updated>${created}</updated><content type="application/xml">` +
    `<QueueDescription xmlns="${namespace}">${inside}</QueueDescription></content></entry>`;
}

/** Locked and deferred messages are active ones for the service. */
function countsOf(queue: QueueView): string {
  const scheduled = queue.scheduled.length;
  const counts: readonly (readonly [string, number])[] = [
    ["ActiveMessageCount", queue.all.length - scheduled],
    ["DeadLetterMessageCount", queue.dead.length],
    ["ScheduledMessageCount", scheduled],
    ["TransferMessageCount", 0],
    ["TransferDeadLetterMessageCount", 0],
  ];
  const inside = counts.map(([name, value]) => `<d2p1:${name}>${value}</d2p1:${name}>`).join("");
  return `<CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus">${inside}</CountDetails>`;
}

function feed(entries: string): string {
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Queues</title>${entries}</feed>`;
}

function xml(body: string, status = 200): Response {
  return new Response(body, { status, headers: { "content-type": "application/atom+xml;charset=utf-8" } });
}
