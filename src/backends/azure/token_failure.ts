import { AccessDeniedError, BackendError } from "../../core/errors.ts";
import { networkTrouble } from "./network_trouble.ts";
import { firstLine } from "./redact.ts";
import type { TokenSource } from "./token_sources.ts";

/** A way to sign in that gave no token. */
export interface TokenFailure {
  readonly source: TokenSource;
  readonly error: unknown;
}

/** What an SDK's error has besides its message. */
interface Details {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly errorCode?: unknown;
  readonly errorResponse?: { readonly errorDescription?: string };
  readonly cause?: unknown;
}

const HINT = 'run "az login", or give a connection string with --conn-str';

/**
 * The error for a sign-in of which every way failed. It may pass when one of them failed for the network, or was told to
 * come back later.
 *
 * @param known whether this process has signed in before
 */
export function signInError(name: string, failures: readonly TokenFailure[], known: boolean): Error {
  const tried = failures.map(({ source, error }) => `${source.label} (${reasonOf(error, source)})`);
  const message = `Cannot sign in to "${name}": no token from ${tried.join(", nor from ")}`;
  const transient = failures.some(({ source, error }) => mayPass(error, source.isLocal !== true || known));
  return transient
    ? new BackendError(message, { transient, hint: HINT })
    : new AccessDeniedError(message, { hint: HINT });
}

/** One short reason, without secrets. */
function reasonOf(error: unknown, { secrets = [] }: TokenSource): string {
  const { message = String(error), errorResponse } = detailsOf(error);
  const text = secrets.reduce(
    (rest, secret) => rest.replaceAll(secret, "***"),
    errorResponse?.errorDescription ?? message,
  );
  if (/Azure CLI could not be found/.test(text)) return "it is not installed";
  if (/^Please run 'az login'/.test(text)) return "nobody is logged in";
  if (isNetworkText(text)) return "it cannot be reached";
  const [, status] = /Http status code: (\d{3})/.exec(text) ?? [];
  if (status !== undefined) return `it answered with status ${status}`;
  // MSAL puts the sentence that helps in the middle of its own.
  const [, description] = /Description: (.*?)(?: - Correlation ID|$)/s.exec(text) ?? [];
  return firstLine(description ?? text.replace(/^\w+Credential: (?:Authentication failed\. Message )?/, ""));
}

function mayPass(error: unknown, isReachable: boolean): boolean {
  const { name, message = "", code, errorCode, cause } = detailsOf(error);
  if (name === "TimeoutError" || isNetworkText(message)) return isReachable;
  if (typeof code === "string" && networkTrouble(code) !== undefined) return isReachable;
  const [, status] = /Http status code: (\d{3})/.exec(message) ?? [];
  if (status !== undefined) return /^(?:408|429|5..)$/.test(status);
  if (errorCode === "temporarily_unavailable" || errorCode === "server_error") return true;
  return cause !== undefined && mayPass(cause, isReachable);
}

function isNetworkText(text: string): boolean {
  return /\b(?:network_error|endpoints_resolution_error)\b|Network unreachable/.test(text);
}

function detailsOf(error: unknown): Details {
  return typeof error === "object" && error !== null ? error : {};
}
