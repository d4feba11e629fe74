import { formatDocument } from "../../../src/core/wire/format_document.ts";
import {
  type JsonDocument,
  jsonNumber,
  MAX_DEPTH,
  wholeNumberOf,
} from "../../../src/core/wire/json_document.ts";
import { WireError } from "../../../src/core/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

test("there is a space after each comma and colon, and none elsewhere", () => {
  const document = new Map<string, JsonDocument>([
    ["a", [null, true, false, []]],
    ["b", new Map()],
    ["c", new Map([["d", { number: "1.0" }]])],
  ]);
  assertEquals(formatDocument(document), '{"a": [null, true, false, []], "b": {}, "c": {"d": 1.0}}');
});

test("strings are ASCII, with Python's escapes", () => {
  const pairs = [
    ['"\\/', '"\\"\\\\/"'],
    ["\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'],
    ["\0\v\x1b\x1f", '"\\u0000\\u000b\\u001b\\u001f"'],
    [" ~\x7f\x80é", '" ~\\u007f\\u0080\\u00e9"'],
    ["✓\u2028\uffff", '"\\u2713\\u2028\\uffff"'],
    ["😀", '"\\ud83d\\ude00"'],
    ["\ude00a\ud83d", '"\\ude00a\\ud83d"'],
    ["<>&'`", `"<>&'\`"`],
  ] as const;
  for (const [text, printed] of pairs) assertEquals(formatDocument(text), printed);
});

test("keys are escaped as strings are", () => {
  assertEquals(formatDocument(new Map([['é"', "x"]])), '{"\\u00e9\\"": "x"}');
});

test("what is nested too deep is refused, not overflown", () => {
  const nested = (levels: number) => {
    let document: JsonDocument = "bottom";
    for (let level = 0; level < levels; level++) {
      document = level % 2 ? [document] : new Map([["a", document]]);
    }
    return document;
  };
  formatDocument(nested(MAX_DEPTH));
  for (const levels of [MAX_DEPTH + 1, 100_000]) {
    const { message } = assertThrows(() => formatDocument(nested(levels)), WireError);
    assertEquals(message, "it is nested deeper than 900 levels");
  }
});

test("a safe integer is a whole number, anything else a float", () => {
  const printed = [0, -0, 3, -2, 1e15, 2 ** 53, 0.5, 1e300, NaN].map((value) => jsonNumber(value).number);
  assertEquals(printed, [
    "0",
    "0",
    "3",
    "-2",
    "1000000000000000",
    "9007199254740992.0",
    "0.5",
    "1e+300",
    "NaN",
  ]);
});

test("only whole numbers within the safe integers have a whole value", () => {
  const whole = (text: string) => wholeNumberOf({ number: text });
  assertEquals(["0", "-3", "9007199254740991"].map(whole), [0, -3, 9007199254740991]);
  for (const text of ["1.0", "1e+16", "NaN", "Infinity", "9007199254740992", "-9007199254740992"]) {
    assertEquals(whole(text), undefined);
  }
  for (const document of [undefined, null, true, "1", [], new Map([["number", "1"]])]) {
    assertEquals(wholeNumberOf(document), undefined);
  }
});
