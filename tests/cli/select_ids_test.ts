import { selectIds } from "../../src/cli/select_ids.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const KNOWN = ["1-abc", "12-xyz", "13-xzz"];
const select = (...words: string[]) => selectIds(words, KNOWN, "dead letter");
const refusal = (...words: string[]) => assertThrows(() => select(...words), UsageError);

test("selectIds() finds a whole id", () => {
  assertEquals(select("12-xyz"), ["12-xyz"]);
});

test("selectIds() finds the id with a number, though others begin with the same digits", () => {
  assertEquals(select("1"), ["1-abc"]);
});

test("selectIds() finds the one id that begins so", () => {
  assertEquals(select("12-", "13-x"), ["12-xyz", "13-xzz"]);
});

test("selectIds() answers an id once that was named twice", () => {
  assertEquals(select("1", "1-abc"), ["1-abc"]);
});

test("selectIds() refuses a beginning that fits none", () => {
  assertEquals(refusal("7").message, 'Cannot find "7": no dead letter starts with it');
});

test("selectIds() names the ids that an ambiguous beginning fits", () => {
  const { message, hint } = assertThrows(() => selectIds(["1"], ["12-a", "13-b"], "job"), UsageError);
  assertEquals([message, hint], ['Cannot tell which job "1" means: 2 start with it', "one of 12-a, 13-b"]);
});

test("selectIds() names five of many that fit", () => {
  const known = ["11-a", "12-a", "13-a", "14-a", "15-a", "16-a"];
  const { hint } = assertThrows(() => selectIds(["1"], known, "job"), UsageError);
  assertEquals(hint, "one of 11-a, 12-a, 13-a, 14-a, 15-a, …");
});

test("selectIds() refuses an empty word even where there is only one id", () => {
  assertMatch(assertThrows(() => selectIds([""], ["1-abc"], "job"), UsageError).message, /Cannot find ""/);
});
