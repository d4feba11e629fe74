import type { JsonDocument, JsonObject } from "../../../src/core/wire/json_document.ts";
import { decodeTaskMessage, encodeTaskMessage } from "../../../src/core/wire/task_message.ts";
import { WireError } from "../../../src/core/wire/wire_error.ts";
import { assertEquals, assertNotEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { md5 } from "./md5.ts";

const kwargs: JsonObject = new Map([["cmd", "x"]]);
const KWARGS = '"kwargs": "{\\"cmd\\": \\"x\\"}"';

test("the keys are in the order of the format", () => {
  const { text } = encodeTaskMessage({ kwargs, numRetries: 2, replyRequested: true, id: "a" }, { md5 });
  assertEquals(text, `{"version": 1, "reply_requested": true, ${KWARGS}, "num_retries": 2, "id": "a"}`);
});

test("a gated task is of version 2, with its gate before the id", () => {
  const { id, text } = encodeTaskMessage({ kwargs, numRetries: 0, gateCommand: 'test "é"' }, { md5 });
  const head =
    `{"version": 2, "reply_requested": false, ${KWARGS}, "num_retries": 0, "gate_cmd": "test \\"\\u00e9\\""`;
  assertEquals(id, md5(`${head}}`));
  assertEquals(text, `${head}, "id": "${id}"}`);
});

test("the id is the MD5 of the text without it", () => {
  const { id, text } = encodeTaskMessage({ kwargs, numRetries: 1 }, { md5 });
  assertEquals(id, md5(text.replace(`, "id": "${id}"`, "")));
});

test("an id that is given is written, escaped, and an empty one counts as none", () => {
  const { id, text } = encodeTaskMessage({ kwargs, numRetries: 1, id: 'é"' }, { md5 });
  assertEquals(id, 'é"');
  assertEquals(text.slice(-18), '"id": "\\u00e9\\""}'.padStart(18));
  assertEquals(
    encodeTaskMessage({ kwargs, numRetries: 1, id: "" }, { md5 }),
    encodeTaskMessage({ kwargs, numRetries: 1 }, { md5 }),
  );
});

test("extras come after the id, in their order, and do not change it", () => {
  const plain = encodeTaskMessage({ kwargs, numRetries: 1 }, { md5 });
  const extras = new Map<string, JsonDocument>([["name", "é"], ["2", { number: "1.0" }], ["1", [null]]]);
  const { id, text } = encodeTaskMessage({ kwargs, numRetries: 1, extras }, { md5 });
  assertEquals(id, plain.id);
  assertEquals(text, `${plain.text.slice(0, -1)}, "name": "\\u00e9", "2": 1.0, "1": [null]}`);
  assertEquals(encodeTaskMessage({ kwargs, numRetries: 1, extras: new Map() }, { md5 }), plain);
});

for (const key of ["version", "reply_requested", "kwargs", "num_retries", "gate_cmd", "id"]) {
  test(`"${key}" cannot be an extra`, () => {
    const extras = new Map([["name", "x"], [key, "x"]]);
    const { message } = assertThrows(
      () => encodeTaskMessage({ kwargs, numRetries: 0, extras }, { md5 }),
      WireError,
    );
    assertEquals(message, `"${key}" is a key of the format itself`);
  });
}

for (const numRetries of [0.5, NaN, Infinity, 2 ** 53]) {
  test(`${numRetries} cannot be the number of retries`, () => {
    const { message } = assertThrows(() => encodeTaskMessage({ kwargs, numRetries }, { md5 }), WireError);
    assertEquals(message, '"num_retries" is not a whole number within ±9007199254740991');
  });
}

test("kwargs that Python could not read are refused", () => {
  let document: JsonDocument = null;
  for (let level = 0; level < 1000; level++) document = [document];
  const deep = new Map([["cmd", document]]);
  assertThrows(() => encodeTaskMessage({ kwargs: deep, numRetries: 0 }, { md5 }), WireError);
  assertThrows(() => encodeTaskMessage({ kwargs, numRetries: 0, extras: deep }, { md5 }), WireError);
});

test("each part of a task changes its id", () => {
  const base = { kwargs, numRetries: 0 };
  const { id } = encodeTaskMessage(base, { md5 });
  for (
    const change of [
      { kwargs: new Map([["cmd", "y"]]) },
      { numRetries: 1 },
      { replyRequested: true },
      { gateCommand: "" },
    ]
  ) assertNotEquals(encodeTaskMessage({ ...base, ...change }, { md5 }).id, id);
});

test("what was encoded decodes to what it was made of", () => {
  const extras = new Map([["name", "n"]]);
  const task = { kwargs, numRetries: -1, replyRequested: true, gateCommand: "test -e /x", id: "a" };
  const { fields, ...message } = decodeTaskMessage(encodeTaskMessage({ ...task, extras }, { md5 }).text, {
    md5,
  });
  assertEquals(message, { version: 2, ...task });
  assertEquals(fields.get("name"), "n");
});
