import { isJsonObject } from "../../../src/core/wire/json_document.ts";
import { parseDocument } from "../../../src/core/wire/parse_document.ts";
import {
  decodeTaskMessage,
  encodeTaskMessage,
  rewriteTaskMessage,
} from "../../../src/core/wire/task_message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { md5 } from "./md5.ts";
import vectors from "./task-v1.json" with { type: "json" };

/** What was pushed, in the order of the vectors. */
const PUSHED: readonly { readonly kwargs: string; readonly numRetries?: number; readonly id?: string }[] = [
  { kwargs: '{"cmd": "echo hello", "bg_dirsync_to": null, "env": {}}' },
  { kwargs: '{"cmd": "echo hello", "bg_dirsync_to": null, "env": {}}', numRetries: 3 },
  { kwargs: '{"cmd": "echo XYZ-$VALUE", "bg_dirsync_to": null, "env": {"VALUE": "42"}}', numRetries: 2 },
  { kwargs: '{"cmd": "echo Hello $NAME", "env": {"NAME": "John Doe"}, "bg_dirsync_to": null}' },
  { kwargs: '{"cmd": "echo héllo ✓ 😀", "bg_dirsync_to": null, "env": {}}' },
  { kwargs: "{}" },
  { kwargs: '{"cmd": "x"}', id: "my-id" },
];

test("there is a push for each vector", () => assertEquals(PUSHED.length, vectors.length));

for (const [index, { what, id, wire }] of vectors.entries()) {
  test(`ai4s-jobq's message is made: ${what}`, () => {
    const { kwargs: text = "", numRetries = 0, id: given } = PUSHED[index] ?? {};
    const kwargs = parseDocument(text);
    assert(isJsonObject(kwargs));
    assertEquals(encodeTaskMessage({ kwargs, numRetries, id: given }, { md5 }), { id, text: wire });
  });

  test(`ai4s-jobq's message is read, and written as it was: ${what}`, () => {
    const message = decodeTaskMessage(wire, { md5 });
    assertEquals(message.id, id);
    assertEquals(message.version, 1);
    assertEquals(message.numRetries, PUSHED[index]?.numRetries ?? 0);
    assertEquals(message.kwargs, parseDocument(PUSHED[index]?.kwargs ?? ""));
    assertEquals(rewriteTaskMessage(message, new Map()), wire);
    assertEquals(encodeTaskMessage(message, { md5 }).text, wire);
  });
}
