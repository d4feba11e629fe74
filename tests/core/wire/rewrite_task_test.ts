import { type JsonDocument, jsonNumber } from "../../../src/core/wire/json_document.ts";
import { decodeTaskMessage, rewriteTaskMessage } from "../../../src/core/wire/task_message.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { md5 } from "./md5.ts";

/** What comes of a text with these changes. */
function rewrite(
  text: string,
  changes: readonly (readonly [string, JsonDocument | undefined])[] = [],
): string {
  return rewriteTaskMessage(decodeTaskMessage(text, { md5 }), new Map(changes));
}

const KWARGS = '"kwargs": "{ \\"cmd\\":\\"\\\\u0078\\", \\"1\\": 1E5 }"';
const MESSAGE =
  `{"version": 1, "reply_requested": true, ${KWARGS}, "num_retries": 3, "id": "a", "name": "n"}`;

test("a key that was there keeps its place, and the kwargs stay as they were written", () => {
  assertEquals(rewrite(MESSAGE, [["num_retries", jsonNumber(2)]]), MESSAGE.replace("3", "2"));
});

test("new keys come last, in their order", () => {
  const changes = [["error", "é"], ["name", "m"], ["1", null]] as const;
  assertEquals(rewrite(MESSAGE, changes), MESSAGE.replace('"n"}', '"m", "error": "\\u00e9", "1": null}'));
});

test("a key that becomes undefined is removed", () => {
  assertEquals(
    rewrite(MESSAGE, [["name", undefined], ["absent", undefined]]),
    MESSAGE.replace(', "name": "n"', ""),
  );
});

test("keys that jobq does not know survive", () => {
  const text = MESSAGE.replace(
    '"id"',
    '"min_version": null, "7": {"z": [1.0, 12345678901234567890], "1": NaN}, "id"',
  );
  assertEquals(rewrite(text), text);
});

test("messages of other versions stay what they are", () => {
  for (
    const text of [
      `{"version": 0, ${KWARGS}, "num_retries": 3, "id": "a"}`,
      `{"version": 2, "reply_requested": false, ${KWARGS}, "num_retries": 3, "gate_cmd": "g", "id": "a"}`,
    ]
  ) assertEquals(rewrite(text), text);
});

test("what a Python worker needs is added where it was not", () => {
  const text = `{${KWARGS}, "name": "n"}`;
  const { id } = decodeTaskMessage(text, { md5 });
  const added =
    `{${KWARGS}, "name": "n", "version": 1, "reply_requested": false, "num_retries": 5, "id": "${id}"}`;
  assertEquals(rewrite(text), added);
  assertEquals(rewrite(added), added);
});

test("an empty id gives way to the computed one", () => {
  const text = MESSAGE.replace('"a"', '""');
  const { id } = decodeTaskMessage(text, { md5 });
  assertEquals(rewrite(text), MESSAGE.replace('"a"', `"${id}"`));
});

test("an id that was computed stays when the retries that went into it change", () => {
  const { id } = decodeTaskMessage(`{${KWARGS}}`, { md5 });
  const text = rewrite(`{${KWARGS}}`, [["num_retries", jsonNumber(4)]]);
  assertEquals(decodeTaskMessage(text, { md5 }).id, id);
});

test("the received message is left as it was", () => {
  const message = decodeTaskMessage(MESSAGE, { md5 });
  rewriteTaskMessage(message, new Map<string, JsonDocument | undefined>([["name", "m"], ["id", undefined]]));
  assertEquals(rewriteTaskMessage(message, new Map()), MESSAGE);
});
