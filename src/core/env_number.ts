import { UsageError } from "./errors.ts";

export interface EnvNumberOptions {
  readonly otherwise: number;
  readonly min?: number;
  readonly max?: number;
  /** Whether fractions are refused. Default false. */
  readonly whole?: boolean;
}

/**
 * The number that an environment variable holds; unset or empty, `otherwise`.
 *
 * @throws {UsageError} naming the variable
 */
export function numberFromEnv(
  name: string,
  value: string | undefined,
  { otherwise, min = 0, max = Number.MAX_SAFE_INTEGER, whole = false }: EnvNumberOptions,
): number {
  if (value === undefined || value === "") return otherwise;
  const form = whole ? /^\d+$/ : /^(?:\d+\.?\d*|\.\d+)$/;
  const number = form.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`Cannot use $${name}: "${value}" is not a ${whole ? "whole " : ""}number ${range}`, {
    hint: `set it to one, or unset it: then it is ${otherwise}`,
  });
}
