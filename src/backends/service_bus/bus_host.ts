import { UsageError } from "../../core/errors.ts";

/** Where a namespace is. */
export interface BusHost {
  /** `HOST` or `HOST:PORT`, in lower case. */
  readonly host: string;
  /** Whether connections to it are not encrypted; undefined: nothing tells. */
  readonly isPlain?: boolean;
}

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const NAME = new RegExp(`^${LABEL}$`);
const HOST = new RegExp(`^(?:${LABEL}\\.)*${LABEL}(?::\\d{1,5})?$`);
const THIS_MACHINE = "localhost";

/**
 * The host that an address means: a name under the cloud's suffix, unless it is a host already.
 *
 * @throws {UsageError} when it is neither
 */
export function hostOfNamespace(namespace: string, suffix: string): string {
  const text = namespace.toLowerCase();
  if (isHost(text)) return isName(text) ? `${text}.${suffix}` : text;
  const reason = text === "" ? "it is empty" : "it is neither a name nor a host";
  throw new UsageError(`Cannot use "${namespace}" as a namespace: ${reason}`, {
    hint: `it is a name such as myns, or a host such as myns.${suffix} or localhost:5672`,
  });
}

/**
 * Reads `--endpoint`: a DNS suffix, or the host or the URL of the namespace.
 *
 * @throws {UsageError} when it is neither, when it holds more than an address, and when it is of another namespace
 */
export function hostOfEndpoint(endpoint: string, namespace: string): BusHost {
  const own = serviceName(namespace) ?? namespace.toLowerCase();
  const found = endpoint.includes("://") ? readUrl(endpoint) : readPlace(endpoint, own);
  const other = typeof found === "string" ? undefined : serviceName(found.host);
  if (typeof found !== "string" && (other === undefined || other === own)) return found;
  const reason = typeof found === "string" ? found : `it is of the namespace "${other}"`;
  const example = isName(own) ? own : "myns";
  throw new UsageError(`Cannot use --endpoint for "${namespace}": ${reason}`, {
    hint:
      `it is a DNS suffix such as servicebus.usgovcloudapi.net, or a URL such as sb://${example}.servicebus.windows.net`,
  });
}

/** The host of a connection string's `Endpoint`; undefined when it is no URL of a namespace. */
export function hostOfUrl(url: string): BusHost | undefined {
  const found = readUrl(url);
  return typeof found === "string" ? undefined : found;
}

/** True for a name such as `myns`, which stands for `myns.SUFFIX`; false for a host. */
export function isName(namespace: string): boolean {
  return NAME.test(namespace.toLowerCase()) && namespace.toLowerCase() !== THIS_MACHINE;
}

/** The namespace's name in a host of the service; undefined in hosts of other kinds. */
export function serviceName(host: string): string | undefined {
  return /^([^.]+)\.(?:privatelink\.)?servicebus\./.exec(host.toLowerCase())?.[1];
}

/** The host without its port. */
export function withoutPort(host: string): string {
  return host.replace(/:\d+$/, "");
}

/** True for an address of digits, with or without a port. */
export function isIpAddress(host: string): boolean {
  return /^[\d.]+$/.test(withoutPort(host));
}

function isHost(text: string): boolean {
  const [, port = "1"] = /:(\d+)$/.exec(text) ?? [];
  return HOST.test(text) && Number(port) >= 1 && Number(port) <= 65_535;
}

/** A suffix or a host without a scheme, or why it is none. */
function readPlace(text: string, namespace: string): BusHost | string {
  const place = text.toLowerCase().replace(/^\.|\/$/g, "");
  const isWhole = place.includes(":") || place === THIS_MACHINE || isIpAddress(place) ||
    serviceName(place) !== undefined || place.startsWith(`${namespace}.`);
  if (!isHost(place) || !isWhole && !place.includes(".")) return "it is neither a DNS suffix nor a host";
  if (isWhole) return { host: place };
  return isName(namespace)
    ? { host: `${namespace}.${place}` }
    : "it is a DNS suffix, and the address names a whole host";
}

/** The host of a URL, or why it has none that is used here. */
function readUrl(text: string): BusHost | string {
  const [, scheme = "", place = "", rest = ""] = /^([a-z]+):\/\/([^/?#]*)(.*)$/is.exec(text.trim()) ?? [];
  if (!/^(?:sb|amqps|https?)$/i.test(scheme)) return "it is no sb or https URL";
  if (place.includes("@") || !/^\/*$/.test(rest)) {
    return "it holds more than the place of the namespace; a SAS goes to --sas";
  }
  const host = place.toLowerCase();
  if (!isHost(host)) return "it lacks a host";
  return { host, isPlain: { http: true, https: false, amqps: false }[scheme.toLowerCase()] };
}
