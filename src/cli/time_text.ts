import { formatDuration } from "../core/duration.ts";

/** An instant as `--json` prints it: ISO 8601, UTC. */
export function isoTime(at: number): string;
export function isoTime(at: number | undefined): string | undefined;
export function isoTime(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

/** An instant for people, in their time zone: `2026-05-01 09:30:00`. */
export function localTime(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** How long ago, for a table. */
export function age(at: number, now = Date.now()): string {
  return formatDuration(Math.max(0, now - at));
}

/** An instant and how far away it is: `2026-05-01 09:30:00 (5m ago)`, `… (in 5m)`. */
export function timeAndDistance(at: number, now = Date.now()): string {
  return `${localTime(at)} (${at > now ? `in ${formatDuration(at - now)}` : `${age(at, now)} ago`})`;
}
