import { errorMessage } from "./errors.ts";

/** The largest result of a job, in bytes of JSON. */
export const MAX_RESULT_BYTES = 1024 * 1024;

/** Why a result of this size cannot be kept; undefined when it can. */
export function sizeProblem(bytes: number): string | undefined {
  return bytes > MAX_RESULT_BYTES ? `it has ${bytes} bytes, more than ${MAX_RESULT_BYTES}` : undefined;
}

/** The most arrays and objects within each other. Python's json and SQLite's JSON functions give up at about 1,000. */
const MAX_DEPTH = 500;

/** Why a value cannot be kept as a result: it is too large, too deep, or JSON cannot hold it; undefined when it can. */
export function resultProblem(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) return "it is not JSON";
    return sizeProblem(new TextEncoder().encode(text).length) ??
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
