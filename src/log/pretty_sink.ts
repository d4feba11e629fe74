import type { LogLevel, LogRecord } from "./logger.ts";

const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

/** A line for people: local time of day, level unless info, the sentence, `key=value` for each field. */
export function formatPretty(
  { level, at, message, fields }: LogRecord,
  { color }: { color: boolean },
): string {
  const time = new Date(at).toTimeString().slice(0, 8);
  const parts = [time];
  if (level !== "info") parts.push(`${level}:`);
  // A message may quote what a job wrote, which must not begin a line of its own or move the cursor.
  parts.push(message.replaceAll(/\p{Cc}+/gu, " "));
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${key}=${formatValue(value)}`);
  }
  const line = parts.join(" ");
  return color && COLORS[level] ? `${COLORS[level]}${line}\x1b[0m\n` : `${line}\n`;
}

function formatValue(value: string | number | boolean): string {
  return typeof value === "string" && /[\s"=\p{Cc}]|^$/u.test(value) ? JSON.stringify(value) : String(value);
}
