import type { JsonDocument } from "../../../src/core/wire/json_document.ts";
import { formatDocument } from "../../../src/core/wire/format_document.ts";
import { JsonSyntaxError, parseDocument } from "../../../src/core/wire/parse_document.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const number = (text: string) => ({ number: text });

const READ: readonly (readonly [string, JsonDocument])[] = [
  ["null", null],
  [" \t\n\r true \t\n\r ", true],
  ["false", false],
  ["NaN", number("NaN")],
  ["Infinity", number("Infinity")],
  ["-Infinity", number("-Infinity")],
  ["12", number("12")],
  ['""', ""],
  ['"a\\"\\\\\\/\\b\\f\\n\\r\\tz"', 'a"\\/\b\f\n\r\tz'],
  ['"\\u00E9\\u00e9"', "éé"],
  ['"\\ud83d\\ude00"', "😀"],
  ['"\\ude00\\ud83d"', "\ude00\ud83d"],
  ['"\x7f\u2028é"', "\x7f\u2028é"],
  ["[]", []],
  ["[ ]", []],
  ["[1 , [ 2 ]]", [number("1"), [number("2")]]],
  ["{ }", new Map()],
  ['{ "a" : 1 , "b" : { } }', new Map<string, JsonDocument>([["a", number("1")], ["b", new Map()]])],
];

for (const [text, document] of READ) {
  test(`parseDocument() reads ${formatDocument(text)}`, () => {
    assertEquals(parseDocument(text), document);
  });
}

const REFUSED: readonly (readonly [string, string])[] = [
  ["", "expected a value at position 0"],
  ["  ", "expected a value at position 2"],
  ["\ufeff1", "expected a value at position 0"],
  ["\u00a01", "expected a value at position 0"],
  ["\v1", "expected a value at position 0"],
  ["nul", "expected a value at position 0"],
  ["True", "expected a value at position 0"],
  ["-NaN", "expected a value at position 0"],
  ["+1", "expected a value at position 0"],
  ["-", "expected a value at position 0"],
  [".5", "expected a value at position 0"],
  ["٣", "expected a value at position 0"],
  ["01", "expected the end at position 1"],
  ["-01", "expected the end at position 2"],
  ["1.", "expected the end at position 1"],
  ["1e", "expected the end at position 1"],
  ["0x10", "expected the end at position 1"],
  ["1 2", "expected the end at position 2"],
  ["{} {}", "expected the end at position 3"],
  ["[1,]", "expected a value at position 3"],
  ["[,1]", "expected a value at position 1"],
  ["[1 2]", 'expected "," or "]" at position 3'],
  ["[1", 'expected "," or "]" at position 2'],
  ["[1}", 'expected "," or "]" at position 2'],
  ['{"a":1,}', "expected a key in double quotes at position 7"],
  ["{a:1}", "expected a key in double quotes at position 1"],
  ["{1:1}", "expected a key in double quotes at position 1"],
  ["{'a':1}", "expected a key in double quotes at position 1"],
  ['{"a" 1}', 'expected ":" at position 5'],
  ['{"a":1 "b":2}', 'expected "," or "}" at position 7'],
  ["{", "expected a key in double quotes at position 1"],
  ["[1] // x", "expected the end at position 4"],
  ['"abc', "a string without an end at position 0"],
  ['"abc\\', "a string without an end at position 0"],
  ['"abc\\"', "a string without an end at position 0"],
  ['["a\nb"]', "a control character in a string at position 3"],
  ['"\0"', "a control character in a string at position 1"],
  ['"\x1f"', "a control character in a string at position 1"],
  ['"\\\n"', "a bad escape in the string at position 0"],
  ['["\\x41"]', "a bad escape in the string at position 1"],
  ['"\\u12g4"', "a bad escape in the string at position 0"],
  ['"\\u 123"', "a bad escape in the string at position 0"],
  ['"\\U0041"', "a bad escape in the string at position 0"],
];

for (const [text, message] of REFUSED) {
  test(`parseDocument() refuses ${formatDocument(text)}`, () => {
    assertEquals(assertThrows(() => parseDocument(text), JsonSyntaxError).message, message);
  });
}

test("a repeated key has its first place and its last value", () => {
  assertEquals(formatDocument(parseDocument('{"a": 1, "b": 2, "a": 3}')), '{"a": 3, "b": 2}');
});

test("integer-like keys keep their place", () => {
  const text = '{"b": 1, "2": 2, "1": 3, "-1": 4, "__proto__": 5, "constructor": 6, "": 7}';
  assertEquals(formatDocument(parseDocument(text)), text);
});

test("a whole number may have 4300 digits and not one more, a float any number of them", () => {
  const digits = (count: number) => "9".repeat(count);
  for (const text of [digits(4300), `-${digits(4300)}`]) assertEquals(parseDocument(text), number(text));
  assertEquals(parseDocument(`0.${digits(10_000)}`), number("1.0"));
  for (const text of [digits(4301), `-${digits(4301)}`, digits(1_000_000)]) {
    const { message } = assertThrows(() => parseDocument(text), JsonSyntaxError);
    assertEquals(message, "a whole number of more than 4300 digits at position 0");
  }
});

test("a document may be nested 900 levels deep and not one deeper", () => {
  const lists = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const objects = (levels: number) => '{"a": '.repeat(levels) + "1" + "}".repeat(levels);
  for (const make of [lists, objects]) {
    assertEquals(formatDocument(parseDocument(make(900))), make(900));
    for (const levels of [901, 100_000]) {
      const { message } = assertThrows(() => parseDocument(make(levels)), JsonSyntaxError);
      assert(message.startsWith("nested deeper than 900 levels at position "), message);
    }
  }
});

test("a document may be as wide as it likes", () => {
  const text = `[${"[1], ".repeat(100_000)}{}]`;
  assertEquals(formatDocument(parseDocument(text)), text);
});

test("an error says where, in code units", () => {
  assertEquals(assertThrows(() => parseDocument('["😀", x]'), JsonSyntaxError).position, 7);
});
