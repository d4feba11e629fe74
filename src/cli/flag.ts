import { UsageError } from "../core/errors.ts";

/** An option of a command: how it is written, what `--help` says of it, and how its texts become a value. */
export interface Flag<T> {
  /** One letter, for `-x`. */
  readonly alias?: string;
  readonly brief: string;
  /** What stands for the value in `--help`; an option without it takes none. */
  readonly placeholder?: string;
  /** Said in `--help`. */
  readonly defaultText?: string;
  readonly repeatable: boolean;
  /** Its values may be secret: no error shows them. */
  readonly secret?: boolean;
  /** It can be switched off, too: as `--no-name`. */
  readonly negatable?: boolean;
  /** All values there are, where they can be listed. */
  readonly choices?: readonly string[];
  /** @param texts the values in the order given; for each time an option without value was given "", or "no" for `--no-name` */
  readonly read: (texts: readonly string[]) => T;
}

interface FlagSpec {
  readonly brief: string;
  readonly alias?: string;
}

interface ValueSpec extends FlagSpec {
  readonly placeholder: string;
}

/** An option with a value, used once. */
export function valueFlag<T>(
  parse: (text: string) => T,
  spec: ValueSpec & { readonly default: string },
): Flag<T>;
export function valueFlag<T>(parse: (text: string) => T, spec: ValueSpec): Flag<T | undefined>;
export function valueFlag<T>(
  parse: (text: string) => T,
  spec: ValueSpec & { readonly default?: string },
): Flag<T | undefined> {
  return {
    ...spec,
    defaultText: spec.default,
    repeatable: false,
    read: ([text = spec.default]) => text === undefined ? undefined : parse(text),
  };
}

/** An option with a value, used any number of times; `parse` is told which of them it reads, counted from 0. */
export function repeatedFlag<T>(
  parse: (text: string, index: number) => T,
  spec: ValueSpec & { readonly secret?: boolean },
): Flag<readonly T[]> {
  return { ...spec, repeatable: true, read: (texts) => texts.map((text, index) => parse(text, index)) };
}

/** An option whose value is one of a few words; the first is the default. */
export function choiceFlag<T extends string>(choices: readonly [T, ...T[]], spec: FlagSpec): Flag<T> {
  const [first] = choices;
  const flag = optionalChoiceFlag(choices, spec);
  return { ...flag, defaultText: first, read: (texts) => flag.read(texts) ?? first };
}

/** An option whose value is one of a few words, without a default. */
export function optionalChoiceFlag<T extends string>(
  choices: readonly T[],
  spec: FlagSpec,
): Flag<T | undefined> {
  const parse = (text: string): T => {
    const choice = choices.find((word) => word === text);
    if (choice === undefined) {
      throw new UsageError("it is not one of the choices", { hint: `one of ${choices.join(", ")}` });
    }
    return choice;
  };
  return { ...valueFlag(parse, { ...spec, placeholder: choices.join("|") }), choices };
}

/** An option without a value. */
export function switchFlag(spec: FlagSpec): Flag<boolean> {
  return { ...spec, repeatable: false, read: (texts) => texts.length > 0 };
}

/** An option without a value that has an opposite: of `--name` and `--no-name`, the last counts. */
export function negatableFlag(
  { default: otherwise, ...spec }: FlagSpec & { readonly default: boolean },
): Flag<boolean> {
  return {
    ...spec,
    defaultText: otherwise ? "on" : "off",
    negatable: true,
    repeatable: true,
    read: (texts) => (texts.at(-1) ?? (otherwise ? "" : "no")) === "",
  };
}

/** An option without a value that may be given several times. */
export function counterFlag(spec: FlagSpec): Flag<number> {
  return { ...spec, repeatable: true, read: (texts) => texts.length };
}

// deno-lint-ignore no-explicit-any -- the only type that a flag of every value is assignable to
export type Flags = Readonly<Record<string, Flag<any>>>;

/** The values that a set of flags makes. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** `killTimeout` as it is written on the command line. */
export function longName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** All that an option may be called on the command line, besides its letter: its name, and that of its opposite. */
export function longNames(key: string, { negatable }: Flag<unknown>): readonly string[] {
  const name = longName(key);
  return negatable ? [name, name.replace("--", "--no-")] : [name];
}
