import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { matchesGlob } from "../../../src/backends/job_graph/glob.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const PATTERNS: Readonly<Record<string, { fit: readonly string[]; miss: readonly string[] }>> = {
  "*": { fit: ["", "a", "a/b"], miss: [] },
  "a*c": { fit: ["ac", "abc", "acc", "abcabc"], miss: ["ab", "bc", "acb", "AC"] },
  "?": { fit: ["a", "👾"], miss: ["", "ab"] },
  "[a-c]x": { fit: ["ax", "cx"], miss: ["dx", "-x", "x"] },
  "[^a-c]x": { fit: ["dx", "^x"], miss: ["ax", "x"] },
  "[]x]": { fit: ["]", "x"], miss: ["", "[]x]"] },
  "[^]]": { fit: ["x"], miss: ["]"] },
  "[a-]": { fit: ["a", "-"], miss: ["b"] },
  "[*?[]": { fit: ["*", "?", "["], miss: ["x", "**"] },
  "[ab": { fit: [], miss: ["a", "[ab"] },
  "a**b": { fit: ["ab", "axb"], miss: ["a"] },
};

for (const [pattern, { fit, miss }] of Object.entries(PATTERNS)) {
  test(`the pattern ${pattern} fits what it should, and nothing else`, () => {
    assertEquals([...fit, ...miss].filter((text) => matchesGlob(text, pattern)), [...fit]);
  });
}

test("any pattern fits the texts that SQLite says it fits", () => {
  using database = new DatabaseSync(":memory:");
  const glob = database.prepare("SELECT ? GLOB ? AS fits");
  const text = fc.string({ unit: fc.constantFrom(..."aabbc-]^[👾"), maxLength: 6 });
  const pattern = fc.string({ unit: fc.constantFrom(..."aabbc-]^[[**?👾"), maxLength: 8 });
  fc.assert(
    fc.property(
      text,
      pattern,
      (text, pattern) => assertEquals(matchesGlob(text, pattern), glob.get(text, pattern)?.fits === 1),
    ),
    { numRuns: 3_000 },
  );
});

test("a pattern of many stars is answered at once", () => {
  assertEquals(matchesGlob("a".repeat(10_000), `${"a*".repeat(500)}b`), false);
});
