import { NO_DELIVERIES, noteDeliveries, readDeliveries } from "../../../src/core/wire/deliveries.ts";
import { isJsonObject, type JsonObject } from "../../../src/core/wire/json_document.ts";
import { parseDocument } from "../../../src/core/wire/parse_document.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

function object(text: string): JsonObject {
  const document = parseDocument(text);
  assert(isJsonObject(document));
  return document;
}

/** What a message's keys tell of the deliveries before the one with this number. */
const READ: readonly [string, string, number, { lost: number; isNoted: boolean }][] = [
  ["nothing is lost before the first delivery", "{}", 1, { lost: 0, isNoted: true }],
  ["without a note, one of many is lost", "{}", 30, { lost: 1, isNoted: false }],
  ["all that came after the note are lost", '{"deliveries": 3}', 7, { lost: 3, isNoted: true }],
  ["none is lost right after the note", '{"deliveries": 3}', 4, { lost: 0, isNoted: true }],
  ["lost ones add up", '{"deliveries": 3, "lost": 2}', 5, { lost: 3, isNoted: true }],
  ["a note of more deliveries is another message's", '{"deliveries": 4}', 4, { lost: 1, isNoted: false }],
  ["and so it is on the first", '{"deliveries": 4, "lost": 4}', 1, { lost: 0, isNoted: true }],
  ["a note that is no number is none", '{"deliveries": "3", "lost": 9}', 2, { lost: 1, isNoted: false }],
  ["nor is a negative one", '{"deliveries": -100}', 2, { lost: 1, isNoted: false }],
  ["nor a fraction", '{"deliveries": 1.0}', 2, { lost: 1, isNoted: false }],
  ["a negative loss is none", '{"deliveries": 1, "lost": -5}', 3, { lost: 1, isNoted: true }],
];
for (const [what, text, count, expected] of READ) {
  test(`of deliveries, ${what}`, () => assertEquals(readDeliveries(object(text), count), expected));
}

test("a note tells what was settled, and what was lost where something was", () => {
  assertEquals([...noteDeliveries(3, 0)], [["deliveries", { number: "3" }], ["lost", undefined]]);
  assertEquals([...noteDeliveries(3, 2)], [["deliveries", { number: "3" }], ["lost", { number: "2" }]]);
});

test("what is noted is read again", () => {
  for (const [settled, lost] of [[1, 0], [7, 4]] as const) {
    const fields = new Map(
      [...noteDeliveries(settled, lost)].flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value] as const]
      ),
    );
    assertEquals(readDeliveries(fields, settled + 1), { lost, isNoted: true });
    assertEquals(readDeliveries(fields, settled + 3), { lost: lost + 2, isNoted: true });
  }
});

test("a note is taken away whole", () => {
  assertEquals(new Set(NO_DELIVERIES.keys()), new Set(noteDeliveries(1, 1).keys()));
});
