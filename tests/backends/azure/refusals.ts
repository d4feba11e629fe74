import { AccessDeniedError, BackendError, QueueNotFoundError, UsageError } from "../../../src/core/errors.ts";

/** How the queue service refuses, and what becomes of it. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly type:
    | typeof BackendError
    | typeof AccessDeniedError
    | typeof QueueNotFoundError
    | typeof UsageError;
  readonly reason: string;
  readonly hint?: RegExp;
  readonly transient?: true;
  readonly ambiguous?: true;
}

const DENIED = { type: AccessDeniedError };
const PASSING = { type: BackendError, transient: true } as const;
const NOT_ACCEPTED = "the service does not accept the credentials";
const NOT_ALLOWED = "the credentials do not allow it";
/** Every refusal that is told apart. */
export const REFUSALS: readonly Refusal[] = [
  {
    status: 403,
    code: "AuthenticationFailed",
    ...DENIED,
    reason: NOT_ACCEPTED,
    hint: /key is wrong.*expired.*clock/,
  },
  { status: 401, code: "NoAuthenticationInformation", ...DENIED, reason: NOT_ACCEPTED, hint: /az login/ },
  { status: 401, code: "InvalidAuthenticationInfo", ...DENIED, reason: NOT_ACCEPTED, hint: /az login/ },
  { status: 400, code: "InvalidAuthenticationInfo", ...DENIED, reason: NOT_ACCEPTED, hint: /az login/ },
  {
    status: 403,
    code: "AuthorizationPermissionMismatch",
    ...DENIED,
    reason: NOT_ALLOWED,
    hint: /"Storage Queue Data Contributor"/,
  },
  {
    status: 403,
    code: "InsufficientAccountPermissions",
    ...DENIED,
    reason: NOT_ALLOWED,
    hint: /"Storage Queue Data Contributor"/,
  },
  {
    status: 403,
    code: "AuthorizationFailure",
    ...DENIED,
    reason: "the account's network rules or the role do not allow it",
    hint: /firewall/,
  },
  {
    status: 403,
    code: "AuthorizationSourceIPMismatch",
    ...DENIED,
    reason: "the SAS does not allow this machine's address",
    hint: /address range/,
  },
  {
    status: 403,
    code: "AuthorizationProtocolMismatch",
    ...DENIED,
    reason: "the SAS does not allow this protocol",
    hint: /https/,
  },
  {
    status: 403,
    code: "AuthorizationServiceMismatch",
    ...DENIED,
    reason: "the SAS is for something else",
    hint: /queue service/,
  },
  {
    status: 403,
    code: "AuthorizationResourceTypeMismatch",
    ...DENIED,
    reason: "the SAS is for something else",
    hint: /queue service/,
  },
  {
    status: 403,
    code: "KeyBasedAuthenticationNotPermitted",
    ...DENIED,
    reason: "the account takes no keys, nor what is signed with them",
    hint: /az login/,
  },
  {
    status: 403,
    code: "AccountIsDisabled",
    ...DENIED,
    reason: "the account is disabled",
    hint: /subscription/,
  },
  {
    status: 403,
    code: "SomethingNew",
    ...DENIED,
    reason: "the service refuses it (SomethingNew)",
    hint: /role/,
  },
  { status: 404, code: "QueueNotFound", type: QueueNotFoundError, reason: "there is no such queue" },
  {
    status: 400,
    code: "InvalidResourceName",
    type: UsageError,
    reason: "the service does not take the queue's name",
    hint: /3 to 63/,
  },
  {
    status: 400,
    code: "OutOfRangeInput",
    type: UsageError,
    reason: "the service does not take the queue's name",
    hint: /3 to 63/,
  },
  { status: 413, code: "RequestBodyTooLarge", type: UsageError, reason: "it is too large", hint: /64 KiB/ },
  { status: 400, code: "MessageTooLarge", type: UsageError, reason: "it is too large", hint: /64 KiB/ },
  {
    status: 408,
    code: "RequestTimeout",
    ...PASSING,
    reason: "the service answered 408 RequestTimeout",
    ambiguous: true,
  },
  { status: 429, code: "TooManyRequests", ...PASSING, reason: "the service is busy" },
  {
    status: 500,
    code: "OperationTimedOut",
    ...PASSING,
    reason: "the service answered 500 OperationTimedOut",
    ambiguous: true,
  },
  { status: 502, code: "", ...PASSING, reason: "the service answered 502", ambiguous: true },
  { status: 503, code: "ServerBusy", ...PASSING, reason: "the service is busy", ambiguous: true },
  {
    status: 409,
    code: "QueueBeingDeleted",
    ...PASSING,
    reason: "the queue is being deleted",
    hint: /30 seconds/,
  },
  {
    status: 409,
    code: "QueueDisabled",
    type: BackendError,
    reason: "the service answered 409 QueueDisabled: The service's words",
  },
  {
    status: 400,
    code: "PopReceiptMismatch",
    type: BackendError,
    reason: "the service answered 400 PopReceiptMismatch: The service's words",
  },
  {
    status: 404,
    code: "MessageNotFound",
    type: BackendError,
    reason: "the service answered 404 MessageNotFound: The service's words",
  },
];
