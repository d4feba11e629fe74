import {
  AccessDeniedError,
  BackendError,
  JobqError,
  type JobqErrorOptions,
  QueueNotFoundError,
  UsageError,
} from "../../core/errors.ts";
import { denialOf, type StorageService } from "./denial.ts";
import { type FailedCall, failedCall } from "./failed_call.ts";
import { isCertificateTrouble, networkTrouble } from "./network_trouble.ts";
import { firstLine } from "./redact.ts";

/** What was asked of which queue, for the sentence. */
export interface StorageAction {
  /** "push to", "read" */
  readonly action: string;
  /** The queue's address. */
  readonly name: string;
  /** Whose role a hint names. Default `queue`. */
  readonly service?: StorageService;
}

/**
 * The error to raise for what a call of a storage SDK threw; errors of jobq itself pass through. Its cause keeps what
 * `errorCodeOf`, `isLeaseGone`, `isQueueMissing` and `mayBeDone` look at, and no secret.
 */
export function translateStorageError(
  thrown: unknown,
  { action, name, service = "queue" }: StorageAction,
): Error {
  if (thrown instanceof JobqError) return thrown;
  const cause = failedCall(thrown);
  const { kind, reason, hint } = judge(cause, service);
  const message = `Cannot ${action} "${name}": ${reason}`;
  const options: JobqErrorOptions = { hint, cause };
  switch (kind) {
    case "denied":
      return new AccessDeniedError(message, options);
    case "missing":
      return new QueueNotFoundError(message, options);
    case "usage":
      return new UsageError(message, options);
    case "passing":
      return new BackendError(message, { ...options, transient: true, mayBeDone: mayBeDone(cause) });
    case "broken":
      return new BackendError(message, options);
    default:
      return kind satisfies never;
  }
}

/** The service's or the system's code: `QueueNotFound`, `ECONNREFUSED`; of a translated error, too. */
export function errorCodeOf(error: unknown): string | undefined {
  return failedCall(error).code;
}

/** True when the message was deleted, or another worker took it since; also of a translated error. */
export function isLeaseGone(error: unknown): boolean {
  const { status, code } = failedCall(error);
  return (status === 400 && code === "PopReceiptMismatch") || (status === 404 && code === "MessageNotFound");
}

/** True when there is no such queue; also of a translated error. */
export function isQueueMissing(error: unknown): boolean {
  const { status, code } = failedCall(error);
  return status === 404 && code === "QueueNotFound";
}

/** True when the call failed without an answer that tells whether it was done; also of a translated error. */
export function mayBeDone(error: unknown): boolean {
  const { name, status, code } = failedCall(error);
  if (status !== undefined) return status === 408 || status >= 500;
  return isUnanswered(name) || networkTrouble(code)?.isAmbiguous === true;
}

/** The names of what the identity SDK throws, where its credentials are used without a `TokenLogin`. */
const SIGN_IN_ERRORS: ReadonlySet<string> = new Set([
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
  "CredentialUnavailableError",
]);

interface Judgement {
  readonly kind: "denied" | "missing" | "usage" | "passing" | "broken";
  readonly reason: string;
  readonly hint?: string;
}

function judge(call: FailedCall, service: StorageService): Judgement {
  const { name, status, code } = call;
  if (SIGN_IN_ERRORS.has(name)) {
    return { kind: "denied", reason: firstLine(call.message), hint: 'sign in again with "az login"' };
  }
  if (status !== undefined) return judgeAnswer(call, status, service);
  if (isUnanswered(name)) return { kind: "passing", reason: "no answer came in time" };
  if (isCertificateTrouble(code)) {
    return {
      kind: "broken",
      reason: `there is no safe connection (${code})`,
      hint: "when the network uses a certificate authority of its own, name its file in NODE_EXTRA_CA_CERTS",
    };
  }
  const trouble = networkTrouble(code);
  return trouble === undefined
    ? { kind: "broken", reason: firstLine(call.message) }
    : { kind: "passing", reason: trouble.reason, hint: trouble.hint };
}

function judgeAnswer(call: FailedCall, status: number, service: StorageService): Judgement {
  const { code } = call;
  if (status === 401 || status === 403 || code === "InvalidAuthenticationInfo") {
    return { kind: "denied", ...denialOf(code, service) };
  }
  switch (code) {
    case "QueueNotFound":
      return { kind: "missing", reason: "there is no such queue" };
    case "InvalidResourceName":
    case "OutOfRangeInput":
      return {
        kind: "usage",
        reason: "the service does not take the queue's name",
        hint: "a name has 3 to 63 lower-case letters, digits and single dashes, with no dash at its ends",
      };
    case "QueueBeingDeleted":
      return {
        kind: "passing",
        reason: "the queue is being deleted",
        hint: "a queue's name is free again after about 30 seconds",
      };
  }
  if (status === 413 || code === "RequestBodyTooLarge" || code === "MessageTooLarge") {
    return {
      kind: "usage",
      reason: "it is too large",
      hint: "a message of a storage queue has at most 64 KiB",
    };
  }
  if (status === 429 || code === "ServerBusy") return { kind: "passing", reason: "the service is busy" };
  const said = [status, code].filter(Boolean).join(" ");
  if (status === 408 || status >= 500) return { kind: "passing", reason: `the service answered ${said}` };
  const explanation = firstLine(call.explanation ?? "");
  return { kind: "broken", reason: `the service answered ${said}${explanation && `: ${explanation}`}` };
}

/** By the names of what a signal's abort is reported as. */
function isUnanswered(name: string): boolean {
  return name === "AbortError" || name === "TimeoutError";
}
