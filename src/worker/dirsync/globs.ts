/** Which files of a directory are meant, by their paths below it. */
export interface Selection {
  /** Whether a file is. */
  covers(name: string): boolean;
  /** Whether nothing below a directory is, so that nobody need look into it. */
  prunes(directory: string): boolean;
}

/** All but what fits one of `exclude` and none of `include`. */
export function selectionOf(include: readonly string[], exclude: readonly string[]): Selection {
  const included = include.map(parseGlob);
  const excluded = exclude.map(parseGlob);
  const fits = (globs: readonly RegExp[], name: string) => globs.some((glob) => glob.test(name));
  return {
    covers: (name) => !fits(excluded, name) || fits(included, name),
    // What covers some name below a directory whatever it is called covers the directory.
    prunes: (directory) =>
      included.length === 0 && (fits(excluded, directory) || fits(excluded, `${directory}/`)),
  };
}

/**
 * What a glob says of a path below the directory. `*` is any text and `?` any character of one part of the path, `**`
 * any text at all, `[a-c]` one of these characters and `[!a-c]` another one; a bracket without an end is itself. A glob
 * without "/" in front of its end is looked for at any depth. One that fits a directory covers all below it, and with
 * "/" at its end it covers nothing else.
 */
export function parseGlob(glob: string): RegExp {
  const path = glob.replace(/^\.\//, "").replace(/^\/+/, "").replace(/\/+$/, "");
  const isAnchored = path.includes("/") || /^(?:\.\/|\/)/.test(glob);
  const body = new GlobParser(path).parse();
  return new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${body}${glob.endsWith("/") ? "/" : "(?:/|$)"}`, "su");
}

/** A `[`, its members, the first of which may be a `]`, and a `]`. */
const BRACKET = /\[(!|\^)?(\]?[^\]]*)\]/uy;

class GlobParser {
  readonly #glob: string;
  #at = 0;
  #groups = 0;

  constructor(glob: string) {
    this.#glob = glob;
  }

  parse(): string {
    let source = "";
    while (this.#at < this.#glob.length) {
      if (this.#isAtStart() && this.#take("**/")) source += "(?:[^/]+/)*";
      else if (this.#take("**")) source += ".*";
      else if (this.#take("*")) source += this.#anyThen(this.#literals());
      else source += this.#literals();
    }
    return source;
  }

  /** Where more stars follow in the same part, the first place that fits is as good as any: no need to go back. */
  #anyThen(literals: string): string {
    const isLast = this.#glob[this.#at] !== "*" || this.#glob.startsWith("**", this.#at);
    return isLast ? `[^/]*${literals}` : `(?=([^/]*?${literals}))\\${++this.#groups}`;
  }

  /** What comes before the next star. */
  #literals(): string {
    let source = "";
    while (this.#at < this.#glob.length && this.#glob[this.#at] !== "*") {
      source += this.#bracket() ?? this.#character();
    }
    return source;
  }

  #character(): string {
    const character = String.fromCodePoint(this.#glob.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character === "?" ? "[^/]" : character.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
  }

  #bracket(): string | undefined {
    BRACKET.lastIndex = this.#at;
    const [all, negation, members = ""] = BRACKET.exec(this.#glob) ?? [];
    if (all === undefined || members === "") return undefined;
    this.#at += all.length;
    return `(?!/)[${negation === undefined ? "" : "^"}${classOf(members)}]`;
  }

  /** Of a part of the path. */
  #isAtStart(): boolean {
    return this.#at === 0 || this.#glob[this.#at - 1] === "/";
  }

  #take(text: string): boolean {
    if (!this.#glob.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

/** A range that runs backwards holds nothing but its ends. */
function classOf(members: string): string {
  const escape = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  return members.replaceAll(
    /(.)-(.)|(.)/gsu,
    (_, first, last, one) =>
      one !== undefined
        ? escape(one)
        : `${escape(first)}${first.codePointAt(0) <= last.codePointAt(0) ? "-" : ""}${escape(last)}`,
  );
}
