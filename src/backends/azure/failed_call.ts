import { redact } from "./redact.ts";

/** What jobq keeps of an error of an SDK: neither the request, which carries credentials, nor the response. */
export class FailedCall extends Error {
  /** The HTTP status, when an answer came. */
  readonly status?: number;
  /** The service's or the system's code: `QueueNotFound`, `ECONNREFUSED`. */
  readonly code?: string;
  /** What the service wrote about it. */
  readonly explanation?: string;
  /** How long the service asks to wait, in ms. */
  readonly retryAfterMs?: number;

  constructor(error: Error, { status, code, explanation, retryAfterMs }: Facts) {
    super(redact(error.message));
    this.name = error.name;
    this.stack = error.stack === undefined ? undefined : redact(error.stack);
    Object.assign(this, { status, code, explanation, retryAfterMs });
  }
}

interface Facts {
  readonly status?: number;
  readonly code?: string;
  readonly explanation?: string;
  readonly retryAfterMs?: number;
}

/** The parts of the SDKs' `RestError` that are read here; any of them may be missing. */
interface SdkError {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly errorCode?: unknown; readonly code?: unknown; readonly message?: unknown };
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } };
}

/** What an SDK's call threw, or the cause of the error that was made of it, without what must not be kept. */
export function failedCall(thrown: unknown): FailedCall {
  if (thrown instanceof FailedCall) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.cause instanceof FailedCall) return error.cause;
  const { statusCode, code, details, response } = error as SdkError;
  const header = (name: string) => response?.headers?.get?.(name) ?? undefined;
  const codes = [details?.errorCode, header("x-ms-error-code"), details?.code, code];
  return new FailedCall(error, {
    status: typeof statusCode === "number" ? statusCode : undefined,
    code: codes.find((each): each is string => typeof each === "string" && each !== ""),
    explanation: typeof details?.message === "string" ? details.message : undefined,
    retryAfterMs: retryAfterMs(header),
  });
}

/**
 * The wait that the headers of an answer ask for, in ms. A date counts from that of the answer, since the clocks of both
 * may differ.
 */
function retryAfterMs(header: (name: string) => string | undefined): number | undefined {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const ms = Number(header(name) ?? NaN);
    if (ms >= 0) return ms;
  }
  const text = header("retry-after");
  if (text === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1000;
  const ms = Date.parse(text) - (Date.parse(header("date") ?? "") || Date.now());
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
