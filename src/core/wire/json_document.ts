import { pythonFloat } from "./python_number.ts";

/**
 * JSON as Python holds it: nothing is lost from `parseDocument` to `formatDocument` that `json.loads` and `json.dumps`
 * keep. A JavaScript value would round large integers, forget that 1.0 is a float, and move integer-like keys.
 */
export type JsonDocument = null | boolean | string | JsonNumber | readonly JsonDocument[] | JsonObject;

/** An object: its keys in their order. A repeated key has its first place and its last value. */
export type JsonObject = ReadonlyMap<string, JsonDocument>;

/** A number, as Python prints it: `1.0`, `1e-05`, `NaN`, an integer of any size. */
export interface JsonNumber {
  readonly number: string;
}

/** The most arrays and objects within each other. Python's json gives up at about 1,000, less what called it. */
export const MAX_DEPTH = 900;

/** Tells objects from all else. */
export function isJsonObject(document: JsonDocument | undefined): document is JsonObject {
  return document instanceof Map;
}

/** A safe integer becomes a whole number, anything else a float. */
export function jsonNumber(value: number): JsonNumber {
  return { number: Number.isSafeInteger(value) ? String(value) : pythonFloat(value) };
}

/** The value of a whole number; undefined for anything else, for 1.0 too, and beyond the safe integers. */
export function wholeNumberOf(document: JsonDocument | undefined): number | undefined {
  if (typeof document !== "object" || document === null || !("number" in document)) return undefined;
  const value = /^-?\d+$/.test(document.number) ? Number(document.number) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}
