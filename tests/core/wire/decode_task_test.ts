import fc from "fast-check";
import { UsageError } from "../../../src/core/errors.ts";
import type { JsonDocument } from "../../../src/core/wire/json_document.ts";
import { decodeTaskMessage, encodeTaskMessage } from "../../../src/core/wire/task_message.ts";
import { WireError } from "../../../src/core/wire/wire_error.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { md5 } from "./md5.ts";
import { damagedText, documentText } from "./random_json.ts";

const decode = (text: string) => decodeTaskMessage(text, { md5 });
const KWARGS = '"kwargs": "{\\"cmd\\": \\"x\\"}"';
const kwargs = new Map([["cmd", "x"]]);

test("a message of version 0 wants no reply", () => {
  const { fields: _, ...message } = decode(`{"version": 0, ${KWARGS}, "num_retries": 2, "id": "a"}`);
  assertEquals(message, {
    version: 0,
    id: "a",
    numRetries: 2,
    replyRequested: false,
    kwargs,
    gateCommand: undefined,
  });
});

test("a message of version 2 has its gate", () => {
  const text =
    `{"version": 2, "reply_requested": true, ${KWARGS}, "num_retries": 2, "gate_cmd": "g", "id": "a"}`;
  const { fields: _, ...message } = decode(text);
  assertEquals(message, {
    version: 2,
    id: "a",
    numRetries: 2,
    replyRequested: true,
    kwargs,
    gateCommand: "g",
  });
});

test("a message of version 1 has no gate, whatever it says", () => {
  assertEquals(decode(`{"version": 1, ${KWARGS}, "gate_cmd": 5, "id": "a"}`).gateCommand, undefined);
});

test("a message without version is of version 1, with 5 retries and the id that the Python tool would make", () => {
  const { fields: _, ...message } = decode(`{${KWARGS}}`);
  const { id } = encodeTaskMessage({ kwargs, numRetries: 5 }, { md5 });
  assertEquals(message, {
    version: 1,
    id,
    numRetries: 5,
    replyRequested: false,
    kwargs,
    gateCommand: undefined,
  });
});

test("what a message without version says of itself counts", () => {
  const { id, numRetries, replyRequested } = decode(
    `{${KWARGS}, "num_retries": 0, "reply_requested": true, "id": "b"}`,
  );
  assertEquals({ id, numRetries, replyRequested }, { id: "b", numRetries: 0, replyRequested: true });
});

test("the id is trusted", () => {
  assertEquals(decode(`{"version": 1, ${KWARGS}, "num_retries": 0, "id": "anything"}`).id, "anything");
});

test("an empty id is none, as in Python", () => {
  assertEquals(decode(`{${KWARGS}, "id": ""}`).id, decode(`{${KWARGS}}`).id);
});

test("the id of a message without one does not depend on how its kwargs are written", () => {
  assertEquals(decode('{"kwargs": "{ \\"cmd\\":\\"\\\\u0078\\" }"}').id, decode(`{${KWARGS}}`).id);
});

test("negative retries stay as they are", () => {
  assertEquals(decode(`{"version": 1, ${KWARGS}, "num_retries": -3, "id": "a"}`).numRetries, -3);
});

test("all fields are kept, in their order", () => {
  const { fields } = decode(`{"9": 1, "min_version": null, ${KWARGS}, "1": 2, "error": "e"}`);
  assertEquals([...fields.keys()], ["9", "min_version", "kwargs", "1", "error"]);
});

const NOT_WHOLE = "is not a whole number within ±9007199254740991";

const REFUSED: readonly (readonly [string, string])[] = [
  ["", "it is not JSON (expected a value at position 0)"],
  ["eyJ2ZXJzaW9uIjogMX0=", "it is not JSON (expected a value at position 0)"],
  [`{${KWARGS}`, 'it is not JSON (expected "," or "}" at position 29)'],
  ["[".repeat(100_000), "it is not JSON (nested deeper than 900 levels at position 900)"],
  ["null", "it is not a JSON object"],
  ["[]", "it is not a JSON object"],
  ['"text"', "it is not a JSON object"],
  ["NaN", "it is not a JSON object"],
  ["{}", '"kwargs" is not a string'],
  ['{"kwargs": {"cmd": "x"}}', '"kwargs" is not a string'],
  ['{"kwargs": null}', '"kwargs" is not a string'],
  ['{"kwargs": ""}', '"kwargs" is not JSON (expected a value at position 0)'],
  ['{"kwargs": "echo"}', '"kwargs" is not JSON (expected a value at position 0)'],
  ['{"kwargs": "[]"}', '"kwargs" does not hold a JSON object'],
  ['{"kwargs": "null"}', '"kwargs" does not hold a JSON object'],
  ['{"version": 3}', "its version is 3; this jobq knows 0, 1 and 2"],
  ['{"version": -1}', "its version is -1; this jobq knows 0, 1 and 2"],
  ['{"version": "1"}', `"version" ${NOT_WHOLE}`],
  ['{"version": 1.0}', `"version" ${NOT_WHOLE}`],
  ['{"version": null}', `"version" ${NOT_WHOLE}`],
  ['{"version": true}', `"version" ${NOT_WHOLE}`],
  ['{"version": 123456789012345678901234567890}', `"version" ${NOT_WHOLE}`],
  [`{${KWARGS}, "num_retries": "1"}`, `"num_retries" ${NOT_WHOLE}`],
  [`{${KWARGS}, "num_retries": 1.5}`, `"num_retries" ${NOT_WHOLE}`],
  [`{${KWARGS}, "num_retries": null}`, `"num_retries" ${NOT_WHOLE}`],
  [`{${KWARGS}, "num_retries": NaN}`, `"num_retries" ${NOT_WHOLE}`],
  [`{${KWARGS}, "num_retries": 9007199254740992}`, `"num_retries" ${NOT_WHOLE}`],
  [`{${KWARGS}, "reply_requested": 1}`, '"reply_requested" is not true or false'],
  [`{${KWARGS}, "reply_requested": null}`, '"reply_requested" is not true or false'],
  [`{${KWARGS}, "id": 5}`, '"id" is not a string'],
  [`{${KWARGS}, "id": null}`, '"id" is not a string'],
  [`{"version": 2, ${KWARGS}, "gate_cmd": ["x"]}`, '"gate_cmd" is not a string'],
];

for (const [text, reason] of REFUSED) {
  test(`decodeTaskMessage() refuses ${text.slice(0, 60)}`, () => {
    const error = assertThrows(() => decode(text), WireError);
    assertEquals(error.message, reason);
    assert(error instanceof UsageError);
  });
}

test("whatever comes, it is read or refused with a reason", () => {
  const asKwargs = documentText.map((text) => JSON.stringify({ kwargs: text }));
  const damaged = damagedText.map((text) => `{"version": 1, "kwargs": ${text}, "num_retries": 1, "id": "a"}`);
  const anything = fc.oneof(fc.string({ unit: "binary" }), documentText, damagedText, asKwargs, damaged);
  fc.assert(fc.property(anything, (text) => void reasonFor(text)), { numRuns: 2000 });
});

test("no reason quotes the message", () => {
  const { text } = encodeTaskMessage({
    kwargs: new Map<string, JsonDocument>([["cmd", "S3CRET"], ["env", new Map([["S3CRET", "S3CRET"]])]]),
    numRetries: 1,
    gateCommand: "S3CRET",
    extras: new Map([["S3CRET", "S3CRET"]]),
  }, { md5 });
  const cut = fc.tuple(
    fc.nat({ max: text.length }),
    fc.nat({ max: 4 }),
    fc.constantFrom("", "x", "\\", '"', "{"),
  );
  fc.assert(
    fc.property(cut, ([at, length, put]) => {
      assert(!reasonFor(text.slice(0, at) + put + text.slice(at + length)).includes("S3C"));
    }),
    { numRuns: 2000 },
  );
});

/** All that is said of a message that is refused, causes included. */
function reasonFor(text: string): string {
  try {
    decode(text);
    return "";
  } catch (error) {
    assert(error instanceof WireError, String(error));
    return `${error.message} ${error.hint} ${error.cause}`;
  }
}
