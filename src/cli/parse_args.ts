import { errorMessage, JobqError, UsageError } from "../core/errors.ts";
import { type Flag, type Flags, type FlagValues, longName, longNames } from "./flag.ts";

/** A command line, understood. */
export interface ParsedArgs<F extends Flags> {
  readonly values: FlagValues<F>;
  readonly positionals: readonly string[];
  /** `--help` was given; then nothing else was checked. */
  readonly help: boolean;
}

/**
 * Reads options in the form that getopt_long(3) made common: `--name value`, `--name=value`, `-n value`,
 * `-nvalue`, `-ab`. An option that takes a value takes the next word, whatever it looks like, so that a
 * command or a number may begin with a dash.
 *
 * @throws {UsageError} for an unknown option, a missing, unwanted, repeated or wrong value
 */
export function parseArgs<F extends Flags>(flags: F, words: readonly string[]): ParsedArgs<F> {
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--help" || word === "-h") {
      return { values: readValues(flags, new Map()), positionals: [], help: true };
    }
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const { key, written, isOpposite, attached, others } = findFlag(flags, word);
    if (others !== undefined) queue.unshift(others);
    const texts = given.get(key) ?? [];
    if (texts.length > 0 && !flags[key]?.repeatable) {
      throw new UsageError(`Cannot use ${written} twice`, { hint: "give it once" });
    }
    texts.push(takeValue(flags[key], { written, isOpposite, attached, queue }));
    given.set(key, texts);
  }
  return { values: readValues(flags, given), positionals, help: false };
}

interface FoundFlag {
  readonly key: string;
  /** As the user wrote it. */
  readonly written: string;
  /** It is not the option itself, but its opposite. */
  readonly isOpposite?: boolean;
  /** The value in the same word. */
  readonly attached?: string;
  /** Further one-letter options in the same word. */
  readonly others?: string;
}

function findFlag(flags: Flags, word: string): FoundFlag {
  if (word.startsWith("--")) {
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    const key = Object.keys(flags).find((name) => namesOf(flags, name).includes(written));
    if (key === undefined) throw unknownFlag(flags, written);
    const attached = equals < 0 ? undefined : word.slice(equals + 1);
    return { key, written, isOpposite: written !== longName(key), attached };
  }
  const written = word.slice(0, 2);
  const key = Object.keys(flags).find((name) => flags[name]?.alias === written[1]);
  if (key === undefined) throw unknownFlag(flags, written);
  const tail = word.slice(2);
  if (tail === "") return { key, written };
  if (flags[key]?.placeholder === undefined) return { key, written, others: `-${tail}` };
  return { key, written, attached: tail.startsWith("=") ? tail.slice(1) : tail };
}

function namesOf(flags: Flags, key: string): readonly string[] {
  const flag = flags[key];
  return flag === undefined ? [] : longNames(key, flag);
}

function takeValue(
  flag: Flag<unknown> | undefined,
  { written, isOpposite, attached, queue }: Omit<FoundFlag, "key" | "others"> & { queue: string[] },
): string {
  if (flag?.placeholder === undefined) {
    if (attached !== undefined) {
      throw new UsageError(`Cannot use "${attached}" for ${written}: it takes no value`, {
        hint: `write ${written}`,
      });
    }
    return isOpposite ? "no" : "";
  }
  const value = attached ?? queue.shift();
  if (value === undefined) {
    throw new UsageError(`Cannot use ${written}: its value is missing`, {
      hint: `write ${written} ${flag.placeholder}`,
    });
  }
  return value;
}

function readValues<F extends Flags>(flags: F, given: ReadonlyMap<string, readonly string[]>): FlagValues<F> {
  const entries = Object.entries(flags).map(([key, flag]) => {
    const texts = given.get(key) ?? [];
    try {
      return [key, flag.read(texts)];
    } catch (error) {
      const what = flag.secret ? longName(key) : `"${texts.at(-1) ?? flag.defaultText}" for ${longName(key)}`;
      throw new UsageError(`Cannot use ${what}: ${errorMessage(error)}`, {
        hint: error instanceof JobqError ? error.hint : undefined,
        cause: error,
      });
    }
  });
  return Object.fromEntries(entries) as FlagValues<F>;
}

function unknownFlag(flags: Flags, written: string): UsageError {
  const near = closest(written, Object.keys(flags).flatMap((key) => namesOf(flags, key)));
  return new UsageError(`Cannot use "${written}": there is no such option`, {
    hint: near ? `did you mean ${near}?` : "--help lists the options",
  });
}

/** The candidate that was probably meant: at most a third of the word is wrong. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, word.length / 3) ? best.candidate : undefined;
}

/** How many letters have to be put in, taken out, replaced or swapped with the next (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
