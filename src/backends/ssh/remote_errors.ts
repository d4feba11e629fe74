import {
  AccessDeniedError,
  BackendError,
  CycleError,
  errorMessage,
  JobqError,
  JobRefusedError,
  LeaseLostError,
  PartialPushError,
  QueueNotFoundError,
  UnsupportedError,
  UsageError,
} from "../../core/errors.ts";

/** An error in a message: neither its cause nor its stack, which are the other side's business. */
export interface WireError {
  readonly kind: keyof typeof MAKERS;
  readonly message: string;
  readonly hint?: string;
  /** Of a `JobRefusedError`. */
  readonly index?: number;
  /** Of a `CycleError`. */
  readonly indexes?: readonly number[];
  /** Of a `PartialPushError`; null for a job that is not known to be on the queue. */
  readonly ids?: readonly (string | null)[];
  readonly failures?: readonly { readonly index: number; readonly error: WireError }[];
  /** Of a `BackendError`. */
  readonly transient?: boolean;
  readonly mayBeDone?: boolean;
}

const MAKERS = {
  "refused": (error: WireError) =>
    new JobRefusedError(error.index ?? 0, new UsageError(error.message, hintOf(error))),
  "cycle": ({ indexes = [] }: WireError) => new CycleError(indexes),
  "usage": (error: WireError) => new UsageError(error.message, hintOf(error)),
  "unsupported": (error: WireError) => new UnsupportedError(error.message, hintOf(error)),
  "missing": (error: WireError) => new QueueNotFoundError(error.message, hintOf(error)),
  "denied": (error: WireError) => new AccessDeniedError(error.message, hintOf(error)),
  "lease lost": (error: WireError) => new LeaseLostError("", hintOf(error)),
  "partial": ({ ids = [], failures = [] }: WireError) =>
    new PartialPushError(
      ids.map((id) => id ?? undefined),
      failures.map(({ index, error }) => ({ index, error: decodeError(error) })),
    ),
  "backend": ({ message, hint, transient, mayBeDone }: WireError) =>
    new BackendError(message, { hint, transient, mayBeDone }),
} as const satisfies Record<string, (error: WireError) => JobqError>;

/** The error for a message. What jobq did not raise on purpose is a defect over there. */
export function encodeError(error: unknown): WireError {
  if (!(error instanceof JobqError)) {
    return {
      kind: "backend",
      message: `the jobq on the other side failed: ${errorMessage(error)}`,
      hint: "that is a defect of jobq; try a newer one on both sides",
    };
  }
  const { message, hint } = error;
  const common = { message, hint };
  if (error instanceof JobRefusedError) return { kind: "refused", index: error.index, ...common };
  if (error instanceof CycleError) return { kind: "cycle", indexes: error.indexes, ...common };
  if (error instanceof PartialPushError) {
    const failures = error.failures.map((each) => ({ index: each.index, error: encodeError(each.error) }));
    return { kind: "partial", ids: error.ids.map((id) => id ?? null), failures, ...common };
  }
  if (error instanceof UsageError) return { kind: "usage", ...common };
  if (error instanceof UnsupportedError) return { kind: "unsupported", ...common };
  if (error instanceof QueueNotFoundError) return { kind: "missing", ...common };
  if (error instanceof AccessDeniedError) return { kind: "denied", ...common };
  if (error instanceof LeaseLostError) return { kind: "lease lost", ...common };
  const { transient, mayBeDone } = error instanceof BackendError ? error : {};
  return { kind: "backend", ...common, transient, mayBeDone };
}

/** The error of a message; of a kind that is not known here, a `BackendError`. */
export function decodeError(wire: WireError): JobqError {
  const make = Object.hasOwn(MAKERS, wire.kind) ? MAKERS[wire.kind] : MAKERS.backend;
  const error: JobqError = make(wire);
  error.message = wire.message;
  return error;
}

function hintOf({ hint }: WireError): { hint: string | undefined } {
  return { hint };
}
