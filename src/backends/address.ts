import { UsageError } from "../core/errors.ts";

/** Where a queue is, taken apart. */
export type Address =
  | { readonly kind: "sqlite"; readonly path: string; readonly queue: string; readonly isDefault: boolean }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "ssh"; readonly url: string }
  | { readonly kind: "storage-queue"; readonly account: string; readonly queue: string }
  | { readonly kind: "service-bus"; readonly namespace: string; readonly queue: string };

/** The queue in an SQLite file when the address names none. */
export const DEFAULT_QUEUE = "default";

const SQLITE_FILE = /\.(?:db|sqlite|sqlite3)$/;
const SCHEME = /^(?:sqlite|file|ssh|sb):/;
const DIRECTORY = /^(?:\/|\.\.?(?:\/|$)|~)/;
const QUEUE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const HINT =
  "a queue is a file like jobs.db, a directory like ./queue, ACCOUNT/QUEUE, sb://NAMESPACE/QUEUE or ssh://HOST/PATH";

/**
 * Reads a queue's address; undefined stands for the default queue.
 *
 * @param env looks up an environment variable (`HOME`, `XDG_STATE_HOME`)
 * @throws {UsageError} when the text is no address
 */
export function parseAddress(text: string | undefined, env: (name: string) => string | undefined): Address {
  if (text === undefined) return defaultAddress(env);
  const fail = (reason: string) =>
    new UsageError(`Cannot use "${redactAddress(text)}" as a queue: ${reason}`, { hint: HINT });
  if (text.trim() === "") throw fail("the address is empty");
  if (text.includes("\0")) throw fail("it contains a NUL byte");
  const expand = (path: string) => path === "~" || path.startsWith("~/") ? homeOf(env) + path.slice(1) : path;

  // A scheme goes before an ending: ssh://host/jobs.db is no file here.
  if (text.startsWith("ssh://")) {
    if (!/^ssh:\/\/[^/]+\/./.test(text)) throw fail("it lacks a host or a path");
    return { kind: "ssh", url: text };
  }
  if (text.startsWith("sb://")) {
    const [, namespace, queue] = /^sb:\/\/([^/]+)\/(.+)$/.exec(text) ?? [];
    if (!namespace || !queue) throw fail("it lacks a namespace or a queue");
    return { kind: "service-bus", namespace, queue };
  }
  if (text.startsWith("file:")) {
    const path = text.slice("file:".length);
    if (path === "") throw fail("it names no directory");
    return { kind: "directory", path: expand(path) };
  }
  const [place, name] = splitName(text);
  if (text.startsWith("sqlite:") || SQLITE_FILE.test(place)) {
    const path = place.replace(/^sqlite:/, "");
    if (path === "") throw fail("it names no file");
    if (!QUEUE_NAME.test(name ?? DEFAULT_QUEUE)) {
      throw fail(`"${name}" is not a queue's name (letters, digits, ".", "_" and "-", up to 64)`);
    }
    return { kind: "sqlite", path: expand(path), queue: name ?? DEFAULT_QUEUE, isDefault: false };
  }
  if (DIRECTORY.test(text)) return { kind: "directory", path: expand(text) };
  const [, account, queue] = /^([a-z0-9]{3,24})\/([a-z0-9](?:-?[a-z0-9]){2,62})$/.exec(text) ?? [];
  if (account && queue) return { kind: "storage-queue", account, queue };
  throw fail("it has none of the known forms");
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
      return redactAddress(address.url);
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
    // Up to the last @, since a password may have one; but a colon before a port begins no password.
    .replace(/(:\/\/[^/@:]*):(?!\d+\/).*@/, "$1:***@")
    .replaceAll(/((?:AccountKey|SharedAccessKey|SharedAccessSignature|sig)=)[^;&\s]*/gi, "$1***");
}
