import { UsageError } from "./errors.ts";

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
type Unit = keyof typeof UNIT_MS;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;

/**
 * Reads `30s`, `10m`, `1h30m`, `2d`, `250ms`; a bare number counts seconds.
 *
 * @returns milliseconds, a whole number
 * @throws {UsageError} for anything else, and for more than 100 years
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  const ms = /^\d+(?:\.\d+)?$/.test(trimmed)
    ? Number(trimmed) * UNIT_MS.s
    : DURATION.test(trimmed)
    ? sumParts(trimmed)
    : undefined;
  if (ms === undefined || ms > 5_200 * UNIT_MS.w) {
    throw new UsageError(`"${text}" is not a duration`, {
      hint: "write it like 30s, 10m, 1h30m or 2d (units: ms, s, m, h, d, w; a bare number is seconds)",
    });
  }
  return Math.round(ms);
}

function sumParts(text: string): number {
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * UNIT_MS[unit as Unit];
  return ms;
}

/** Writes milliseconds in the form that `parseDuration` reads, with at most two units: `1h30m`, `2.5s`, `40ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10}s`;
  let rest = Math.round(ms / 1_000) * 1_000;
  const parts: string[] = [];
  for (const unit of ["d", "h", "m", "s"] as const) {
    const amount = Math.floor(rest / UNIT_MS[unit]);
    rest -= amount * UNIT_MS[unit];
    if (amount > 0) parts.push(`${amount}${unit}`);
    if (parts.length === 2 || (parts.length === 1 && amount === 0)) break;
  }
  return parts.join("");
}
