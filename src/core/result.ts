import { errorMessage } from "./errors.ts";
import { MAX_RESULT_BYTES } from "./limits.ts";

/** Why a result of this size cannot be kept; undefined when it can. */
export function sizeProblem(bytes: number, maxBytes: number = MAX_RESULT_BYTES): string | undefined {
  return bytes > maxBytes ? `it has ${bytes} bytes, more than ${maxBytes}` : undefined;
}

/** The most arrays and objects within each other. Python's json and SQLite's JSON functions give up at about 1,000. */
const MAX_DEPTH = 500;

/** Why a value cannot be kept as a result: it is too large, too deep, or JSON cannot hold it; undefined when it can. */
export function resultProblem(value: unknown, maxBytes?: number): string | undefined {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) return "it is not JSON";
    return sizeProblem(new TextEncoder().encode(text).length, maxBytes) ??
      (isTooDeep(value) ? `it is nested deeper than ${MAX_DEPTH} levels` : undefined);
  } catch (error) {
    return `it is not JSON: ${errorMessage(error)}`;
  }
}

/** Level by level: a recursion would overflow over what it is to find. */
function isTooDeep(value: unknown): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((part): unknown[] => Object.values(part)).filter(isContainer);
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
