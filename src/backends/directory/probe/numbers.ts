/** The value in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Rounds to two digits behind the point. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A time in ms for people, from `0.08 ms` to `65 s`. */
export function milliseconds(ms: number): string {
  const amount = Math.abs(ms);
  if (amount >= 10_000) return `${Math.round(ms / 1000)} s`;
  if (amount >= 1000) return `${Math.round(ms / 100) / 10} s`;
  return amount >= 10 ? `${Math.round(ms)} ms` : `${round(ms)} ms`;
}
