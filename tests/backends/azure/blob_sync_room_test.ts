import { Room } from "../../../src/backends/azure/blob_sync_room.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";

test("no more is taken at a time than there is, and who waits gets it in turn", async () => {
  const room = new Room({ sizeBytes: 10, blockBytes: 4 });
  const got: string[] = [];
  const take = async (name: string, length: number) => {
    const space = await room.take(length);
    got.push(name);
    return space;
  };
  const [first, , third] = [take("a", 4), take("b", 4), take("c", 4), take("d", 1)];
  await first;
  await waitUntil(() => got.length === 2);
  assertEquals(got, ["a", "b"]);
  (await first)[Symbol.dispose]();
  await third;
  await waitUntil(() => got.length === 4);
  assertEquals(got, ["a", "b", "c", "d"]);
});

test("who wants more than there is gets it alone", async () => {
  const room = new Room({ sizeBytes: 10, blockBytes: 4 });
  const small = await room.take(1);
  const large = room.take(100);
  assertEquals(await Promise.race([large, "waits"]), "waits");
  small[Symbol.dispose]();
  assertEquals((await large).bytes.length, 100);
});

test("an abort ends a wait, and lets those behind it go on", async () => {
  const room = new Room({ sizeBytes: 10, blockBytes: 4 });
  using _ = await room.take(8);
  const stop = new AbortController();
  const aborted = room.take(4, stop.signal).then(() => "got it", (reason) => reason);
  const behind = room.take(2);
  stop.abort("stopped");
  assertEquals([await aborted, (await behind).bytes.length], ["stopped", 2]);
});

test("a block is used again while others are taken, if it may be", async () => {
  const room = new Room({ sizeBytes: 20, blockBytes: 4 });
  using _ = await room.take(1);
  const kept = await room.take(4);
  kept[Symbol.dispose]();
  const freed = await room.take(4);
  assert(freed.bytes !== kept.bytes);
  freed.isReusable = true;
  freed[Symbol.dispose]();
  assert((await room.take(4)).bytes === freed.bytes);
});
