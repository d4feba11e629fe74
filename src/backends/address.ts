import { UsageError } from "../core/errors.ts";
import { parseSshUrl, type SshHost } from "./ssh_address.ts";

/** Where a queue that is kept in files is. */
export type FileAddress =
  | { readonly kind: "sqlite"; readonly path: string; readonly queue: string; readonly isDefault: boolean }
  | { readonly kind: "directory"; readonly path: string };

/** Where a queue is, taken apart. */
export type Address =
  | FileAddress
  /** `place` is over there, where a leading `~/` is the home directory; `shown` is the address without the password. */
  | { readonly kind: "ssh"; readonly place: FileAddress; readonly shown: string } & SshHost
  | { readonly kind: "storage-queue"; readonly account: string; readonly queue: string }
  /** The namespace is a name, a host, or `HOST:PORT`, as it was given. */
  | { readonly kind: "service-bus"; readonly namespace: string; readonly queue: string };

/** The queue in an SQLite file when the address names none. */
export const DEFAULT_QUEUE = "default";

const SQLITE_FILE = /\.(?:db|sqlite|sqlite3)$/;
const SCHEME = /^(?:sqlite|file|ssh|sb):/;
const DIRECTORY = /^(?:\/|\.\.?(?:\/|$)|~)/;
const QUEUE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const CONNECTION_STRING =
  /(?:^|;)\s*(?:AccountKey|SharedAccessKey|SharedAccessSignature|UseDevelopmentStorage)\s*=/i;
/** https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata */
const STORAGE_HINT =
  "in ACCOUNT/QUEUE, the account has 3 to 24 lower-case letters and digits, the queue 3 to 63 lower-case letters, " +
  "digits and single hyphens, with a letter or digit at both ends; a directory is written like ./a/b";
/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftservicebus */
const SERVICE_BUS_HINT =
  "write it like sb://my-namespace/my-queue; the namespace is its name or its host, with :PORT for an emulator, and " +
  "the queue's name has up to 260 letters, digits, dots, hyphens, underscores and slashes";
const HINT =
  "a queue is a file like jobs.db, a directory like ./queue, ACCOUNT/QUEUE, sb://NAMESPACE/QUEUE or ssh://HOST/PATH";
const CONNECTION_STRING_HINT = `give that with --conn-str; ${HINT}`;
const KEY_HINT =
  "keys go into --conn-str or --sas, or better into $JOBQ_CONNECTION_STRING; the address has none: sb://NAMESPACE/QUEUE";

/**
 * Reads a queue's address; undefined stands for the default queue.
 *
 * @param env looks up an environment variable (`HOME`, `XDG_STATE_HOME`)
 * @throws {UsageError} when the text is no address
 */
export function parseAddress(text: string | undefined, env: (name: string) => string | undefined): Address {
  if (text === undefined) return defaultAddress(env);
  const fail = (reason: string, hint = HINT) =>
    new UsageError(`Cannot use "${redactAddress(text)}" as a queue: ${reason}`, { hint });
  if (text.trim() === "") throw fail("the address is empty");
  if (text.includes("\0")) throw fail("it contains a NUL byte");
  const expand = (path: string) => path === "~" || path.startsWith("~/") ? homeOf(env) + path.slice(1) : path;

  // A scheme goes before an ending: ssh://host/jobs.db is no file here.
  if (text.startsWith("ssh://")) {
    const { path, ...ssh } = parseSshUrl(text, fail);
    // It is absolute, or begins with ~/.
    return { kind: "ssh", place: parseFiles(path, fail) ?? { kind: "directory", path }, ...ssh };
  }
  if (text.startsWith("sb://")) return parseServiceBus(text, fail);
  const files = parseFiles(text, fail);
  if (files !== undefined) return { ...files, path: expand(files.path) };
  if (CONNECTION_STRING.test(text)) {
    throw fail("it is a connection string", CONNECTION_STRING_HINT);
  }
  const [, account, queue] = /^([^/\\:?]*)\/([^/\\:?]*)$/.exec(text) ?? [];
  if (account === undefined || queue === undefined) throw fail("it has none of the known forms");
  const fault = faultOfAccount(account) ?? faultOfQueue(queue);
  if (fault !== undefined) throw fail(fault, STORAGE_HINT);
  return { kind: "storage-queue", account, queue };
}

/** Reads what names a file or a directory; undefined when it does not. */
function parseFiles(text: string, fail: (reason: string) => UsageError): FileAddress | undefined {
  if (text.startsWith("file:")) {
    const path = text.slice("file:".length);
    if (path === "") throw fail("it names no directory");
    return { kind: "directory", path };
  }
  const [place, name] = splitName(text);
  if (text.startsWith("sqlite:") || SQLITE_FILE.test(place)) {
    const path = place.replace(/^sqlite:/, "");
    if (path === "") throw fail("it names no file");
    if (!QUEUE_NAME.test(name ?? DEFAULT_QUEUE)) {
      throw fail(`"${name}" is not a queue's name (letters, digits, ".", "_" and "-", up to 64)`);
    }
    return { kind: "sqlite", path, queue: name ?? DEFAULT_QUEUE, isDefault: false };
  }
  return DIRECTORY.test(text) ? { kind: "directory", path: text } : undefined;
}

/** What keeps a text from being the name of a storage account. The text itself is not shown: it may be a secret. */
function faultOfAccount(text: string): string | undefined {
  if (/[A-Z]/.test(text)) return "its account has upper-case letters";
  if (/[^a-z0-9]/.test(text)) return "its account has other characters than letters and digits";
  return faultOfLength("its account", text, { min: 3, max: 24 });
}

/** What keeps a text from being the name of a storage queue. */
function faultOfQueue(text: string): string | undefined {
  if (/[A-Z]/.test(text)) return "its queue's name has upper-case letters";
  if (/[^a-z0-9-]/.test(text)) {
    return "its queue's name has other characters than letters, digits and hyphens";
  }
  if (/^-|-$/.test(text)) return "its queue's name begins or ends with a hyphen";
  if (text.includes("--")) return "its queue's name has two hyphens in a row";
  return faultOfLength("its queue's name", text, { min: 3, max: 63 });
}

/** Reads `sb://NAMESPACE/QUEUE`. */
function parseServiceBus(text: string, fail: (reason: string, hint: string) => UsageError): Address {
  if (CONNECTION_STRING.test(text)) throw fail("it is a connection string", CONNECTION_STRING_HINT);
  if (text.includes("@")) throw fail("it holds more than a namespace and a queue", KEY_HINT);
  const [, namespace = "", queue = ""] = /^sb:\/\/([^/]*)\/?(.*)$/s.exec(text) ?? [];
  const fault = faultOfNamespace(namespace) ?? faultOfEntity(queue);
  if (fault !== undefined) throw fail(fault, SERVICE_BUS_HINT);
  return { kind: "service-bus", namespace, queue };
}

/** What keeps a text from being a Service Bus namespace's name, its host, or a host with a port. */
function faultOfNamespace(text: string): string | undefined {
  const [, host = text, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === "") return "its namespace is missing";
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host)) {
    return "its namespace is neither a name nor a host with or without a port";
  }
  return Number(port ?? 1) > 65_535 ? "its namespace has a port beyond 65535" : undefined;
}

/** What keeps a text from being the name of a Service Bus queue. */
function faultOfEntity(text: string): string | undefined {
  if (/\/\$deadletterqueue$/i.test(text)) {
    return "it is a queue's dead letters, which jobq dead shows under the queue's own address";
  }
  if (/[^A-Za-z0-9._/-]/.test(text)) {
    return "its queue's name has other characters than letters, digits, dots, hyphens, underscores and slashes";
  }
  if (/^\/|\/$|\/\//.test(text)) return "its queue's name has a slash at an end, or two in a row";
  return faultOfLength("its queue's name", text, { min: 1, max: 260 });
}

function faultOfLength(
  what: string,
  { length }: string,
  { min, max }: { min: number; max: number },
): string | undefined {
  if (length === 0) return `${what} is missing`;
  if (length < min) return `${what} is shorter than ${min} characters`;
  return length > max ? `${what} is longer than ${max} characters` : undefined;
}

function splitName(text: string): [place: string, name: string | undefined] {
  const hash = text.lastIndexOf("#");
  return hash < 0 ? [text, undefined] : [text.slice(0, hash), text.slice(hash + 1)];
}

function defaultAddress(env: (name: string) => string | undefined): Address {
  const state = env("XDG_STATE_HOME") || `${homeOf(env)}/.local/state`;
  return { kind: "sqlite", path: `${state}/jobq/jobs.db`, queue: DEFAULT_QUEUE, isDefault: true };
}

function homeOf(env: (name: string) => string | undefined): string {
  const home = env("HOME");
  if (!home) {
    throw new UsageError("Cannot find your home directory: HOME is not set", {
      hint: "name a queue with -q, or set HOME",
    });
  }
  return home;
}

/** The address as one would type it; holds no secret. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case "sqlite":
      return (SQLITE_FILE.test(address.path) && !SCHEME.test(address.path) ? "" : "sqlite:") + address.path +
        (address.queue === DEFAULT_QUEUE && !address.path.includes("#") ? "" : `#${address.queue}`);
    case "directory":
      return (DIRECTORY.test(address.path) && !SQLITE_FILE.test(splitName(address.path)[0]) ? "" : "file:") +
        address.path;
    case "ssh":
      return address.shown;
    case "storage-queue":
      return `${address.account}/${address.queue}`;
    case "service-bus":
      return `sb://${address.namespace}/${address.queue}`;
    default:
      return address satisfies never;
  }
}

/** Hides what could be a secret in an address that may not be well-formed: passwords, keys, signatures. */
export function redactAddress(text: string): string {
  return text
    // An address of Service Bus has no place for an @, nor for a colon but before a port.
    .replace(/^sb:\/\/.*@/s, "sb://***@")
    .replaceAll(/\b(sb:\/\/)[^\s"']*@/g, "$1***@")
    .replaceAll(/\b(sb:\/\/[^\s"'/:]*):(?!\d+(?![\w+=]))[^\s"'/;]*/g, "$1:***")
    // Up to the last @, since a password may have one; but a colon before a port begins no password.
    .replace(/(:\/\/[^/@:]*):(?!\d+\/).*@/, "$1:***@")
    .replaceAll(/((?:AccountKey|SharedAccessKey|SharedAccessSignature|sig)=)[^;&\s]*/gi, "$1***")
    // What a bare key looks like.
    .replaceAll(/[A-Za-z0-9+/]{40,}={1,2}/g, "***");
}
