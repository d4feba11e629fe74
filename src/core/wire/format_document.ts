import { isJsonObject, type JsonDocument, MAX_DEPTH } from "./json_document.ts";
import { WireError } from "./wire_error.ts";

/**
 * Writes what Python's `json.dumps` writes with its defaults: ASCII, `", "` and `": "` between things.
 *
 * @throws {WireError} for more than `MAX_DEPTH` levels
 */
export function formatDocument(document: JsonDocument): string {
  return write(document, 0);
}

function write(document: JsonDocument, depth: number): string {
  if (typeof document === "string") return quote(document);
  if (document === null || typeof document === "boolean") return String(document);
  if ("number" in document) return document.number;
  if (depth === MAX_DEPTH) throw new WireError(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (!isJsonObject(document)) return `[${document.map((item) => write(item, depth + 1)).join(", ")}]`;
  let text = "";
  for (const [key, value] of document) {
    text += `${text === "" ? "" : ", "}${quote(key)}: ${write(value, depth + 1)}`;
  }
  return `{${text}}`;
}

/** JavaScript escapes as Python does, only less: DEL and what is beyond ASCII. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\x7f-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
