type Character = (character: string) => boolean;
type Part = "any" | Character;

/**
 * Whether the whole text fits a pattern as SQLite's GLOB has it: `*` is any text, `?` any character, `[a-z_]` one of
 * these, `[^a-z]` another one. A `]` that comes first, and a `-` that comes first or last, stand for themselves.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  const parts = parse([...pattern]);
  return parts !== undefined && fits([...text], parts);
}

/** Undefined for a bracket without an end, which nothing fits. */
function parse(pattern: readonly string[]): Part[] | undefined {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "*") parts.push("any");
    else if (character === "?") parts.push(() => true);
    else if (character !== "[") parts.push((other) => other === character);
    else {
      const isNegated = pattern[at + 1] === "^";
      const start = at + (isNegated ? 2 : 1);
      // A bracket that comes first is a member.
      const end = pattern.indexOf("]", start + 1);
      if (end === -1) return undefined;
      const isMember = parseMembers(pattern.slice(start, end));
      parts.push((other) => isMember(other) !== isNegated);
      at = end;
    }
  }
  return parts;
}

function parseMembers(members: readonly string[]): Character {
  const ranges: { readonly first: string; readonly last: string }[] = [];
  for (let at = 0; at < members.length; at++) {
    const first = members[at] ?? "";
    const last = members[at + 2];
    if (members[at + 1] === "-" && last !== undefined) {
      ranges.push({ first, last });
      at += 2;
    } else ranges.push({ first, last: first });
  }
  return (character) =>
    ranges.some(({ first, last }) => codeOf(first) <= codeOf(character) && codeOf(character) <= codeOf(last));
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Walks the text once; where it goes on after a `*` that fits more is tried only from the last `*`. */
function fits(text: readonly string[], parts: readonly Part[]): boolean {
  let [at, part] = [0, 0];
  let back: { at: number; part: number } | undefined;
  while (at < text.length) {
    const expected = parts[part];
    if (expected === "any") {
      back = { at, part: ++part };
    } else if (expected?.(text[at] ?? "")) {
      at++;
      part++;
    } else if (back) {
      at = ++back.at;
      part = back.part;
    } else return false;
  }
  return parts.slice(part).every((rest) => rest === "any");
}
