import { type GateRefusal, isRefusals } from "../../core/gate.ts";

/** What the column `refusals` holds, as far as it can be read; undefined when it is empty. */
export function decodeRefusals(text: unknown): readonly GateRefusal[] | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRefusals(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
