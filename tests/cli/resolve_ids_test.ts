import { findAmong, resolveIds } from "../../src/cli/resolve_ids.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const KNOWN = ["1-abc", "12-xyz", "13-xzz"];
const SOUGHT = { noun: "dead letter", hint: "jobq dead list shows them" };
const resolve = (words: readonly string[], known = KNOWN) => resolveIds(words, findAmong(known), SOUGHT);
const refusal = (words: readonly string[], known = KNOWN) => assertRejects(resolve(words, known), UsageError);

test("resolveIds() finds a whole id", async () => {
  assertEquals(await resolve(["12-xyz"]), ["12-xyz"]);
});

test("resolveIds() finds the id with a number, though others begin with the same digits", async () => {
  assertEquals(await resolve(["1"]), ["1-abc"]);
});

test("resolveIds() finds the one id that begins so", async () => {
  assertEquals(await resolve(["12-", "13-x"]), ["12-xyz", "13-xzz"]);
});

test("resolveIds() does not take the word before a dash for an id's number", async () => {
  const { message } = await refusal(["worker"], ["worker-a", "worker-b"]);
  assertEquals(message, 'Cannot tell which dead letter "worker" means: 2 start with it');
});

test("resolveIds() answers an id once that was named twice", async () => {
  assertEquals(await resolve(["1", "1-abc"]), ["1-abc"]);
});

test("resolveIds() refuses a beginning that fits none, and says where to look", async () => {
  const { message, hint } = await refusal(["7"]);
  assertEquals([message, hint], [
    'Cannot find "7": no dead letter starts with it',
    "jobq dead list shows them",
  ]);
});

test("resolveIds() names the ids that an ambiguous beginning fits", async () => {
  const { message, hint } = await refusal(["1"], ["12-a", "13-b"]);
  assertEquals([message, hint], [
    'Cannot tell which dead letter "1" means: 2 start with it',
    "one of 12-a, 13-b",
  ]);
});

test("resolveIds() names five of many that fit", async () => {
  const { message, hint } = await refusal(["1"], ["11-a", "12-a", "13-a", "14-a", "15-a", "16-a", "17-a"]);
  assertEquals([message, hint], [
    'Cannot tell which dead letter "1" means: more than 5 start with it',
    "one of 11-a, 12-a, 13-a, 14-a, 15-a, …",
  ]);
});

test("resolveIds() refuses an empty word even where there is only one id", async () => {
  assertMatch((await refusal([""], ["1-abc"])).message, /Cannot find ""/);
});
