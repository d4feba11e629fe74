import { quoteWord, quoteWords } from "../../src/core/shell_words.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("words that mean nothing to a shell stay as they are", () => {
  assertEquals(
    quoteWords(["python3", "-m", "x.y", "--lr=1e-5", "a@b:c,d", "50%"]),
    "python3 -m x.y --lr=1e-5 a@b:c,d 50%",
  );
});

test("other words are quoted, the empty one too", () => {
  assertEquals(["", "a b", "$HOME", "~", "it's", "é"].map(quoteWord), [
    "''",
    "'a b'",
    "'$HOME'",
    "'~'",
    `'it'\\''s'`,
    "'é'",
  ]);
});

test("a shell gives a program the very words", async () => {
  const words = [
    "",
    " ",
    "'",
    "''",
    '"',
    "\\",
    "\\'",
    "$(x)",
    "`x`",
    "a\nb",
    "*",
    "~",
    "!",
    "#",
    "&",
    ";",
    "é😀",
    "-n",
  ];
  const command = quoteWords(["printf", "%s\\0", ...words]);
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});
