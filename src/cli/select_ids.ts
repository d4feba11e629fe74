import { UsageError } from "../core/errors.ts";
import type { JobId } from "../core/job.ts";

/** Ids that an ambiguous beginning is said to fit, at most. */
const SHOWN = 5;

/**
 * Finds the ids that are meant: each word is an id, or the beginning of just one. A whole number before the
 * dash means that id, though others begin with the same digits.
 *
 * @throws {UsageError} for a word that fits none or several
 */
export function selectIds(words: readonly string[], known: readonly JobId[], noun: string): readonly JobId[] {
  const ids = words.map((word) => {
    const exact = known.find((id) => id === word || id.startsWith(`${word}-`));
    if (exact !== undefined) return exact;
    // An empty word, as from an unset variable, would fit everything.
    const fitting = word === "" ? [] : known.filter((id) => id.startsWith(word));
    const [only] = fitting;
    if (fitting.length === 1 && only !== undefined) return only;
    if (fitting.length === 0) {
      throw new UsageError(`Cannot find "${word}": no ${noun} starts with it`, {
        hint: "jobq dead list shows them",
      });
    }
    const shown = fitting.slice(0, SHOWN).join(", ") + (fitting.length > SHOWN ? ", …" : "");
    throw new UsageError(`Cannot tell which ${noun} "${word}" means: ${fitting.length} start with it`, {
      hint: `one of ${shown}`,
    });
  });
  return [...new Set(ids)];
}
