import type { LogRecord } from "./logger.ts";

/** One JSON object a line: `time` (ISO 8601), `level`, `message`, then the fields. */
export function formatJson({ level, at, message, fields }: LogRecord): string {
  return `${JSON.stringify({ time: new Date(at).toISOString(), level, message, ...fields })}\n`;
}
