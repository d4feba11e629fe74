import fc from "fast-check";
import { formatDocument } from "../../../src/core/wire/format_document.ts";
import { isJsonObject, type JsonDocument } from "../../../src/core/wire/json_document.ts";
import { JsonSyntaxError, parseDocument } from "../../../src/core/wire/parse_document.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { damagedText, documentText } from "./random_json.ts";

/** What only Python reads. */
const PYTHON_ONLY = /NaN|Infinity/;

test("what was printed reads as what it was printed from, and prints the same again", () => {
  fc.assert(fc.property(documentText, (text) => {
    const document = parseDocument(text);
    const printed = formatDocument(document);
    assertEquals(parseDocument(printed), document);
    assertEquals(formatDocument(parseDocument(printed)), printed);
  }));
});

test("what is printed is ASCII without control characters", () => {
  fc.assert(
    fc.property(documentText, (text) => assert(/^[\x20-\x7e]*$/.test(formatDocument(parseDocument(text))))),
  );
});

test("what JSON.parse() reads has the same values", () => {
  fc.assert(fc.property(documentText.filter((text) => !PYTHON_ONLY.test(text)), (text) => {
    assertEquals(
      plain(parseDocument(text)),
      JSON.parse(text, (_, value) => Object.is(value, -0) ? 0 : value),
    );
  }));
});

test("what JSON.parse() refuses is refused, and nothing else", () => {
  fc.assert(
    fc.property(damagedText.filter((text) => !PYTHON_ONLY.test(text)), (text) => {
      assertEquals(isRead(parseDocument, text), isRead(JSON.parse, text));
    }),
    { numRuns: 1000 },
  );
});

/** As JSON.parse() would answer it, without negative zeros: to Python, -0 is 0 and -0.0 is not. */
function plain(document: JsonDocument): unknown {
  if (typeof document !== "object" || document === null) return document;
  if ("number" in document) return Number(document.number) || 0;
  if (!isJsonObject(document)) return document.map(plain);
  return Object.fromEntries([...document].map(([key, value]) => [key, plain(value)]));
}

function isRead(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    assert(error instanceof (parse === parseDocument ? JsonSyntaxError : SyntaxError));
    return false;
  }
}
