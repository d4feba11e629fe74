import { BackendError } from "../../../src/core/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { SyncBench, treeOf } from "./sync_bench.ts";
import { Failing, isThere, MARKER, Meddling, nextRound, setUp, textOf, untilOld } from "./watched_sync.ts";

test("with deleteAfterCopy a file that is replaced while it is copied is copied too before it goes", async () => {
  const { bench } = await setUp((inner) =>
    new Meddling(inner, async ({ path, modifiedAt }) => {
      await Deno.writeTextFile(`${path}.new`, "two");
      await Deno.utime(`${path}.new`, new Date(modifiedAt), new Date(modifiedAt));
      await Deno.rename(`${path}.new`, path);
    }), { settings: { deleteAfterCopy: true } });
  await using _ = bench;
  await bench.write("a", "one");
  const done = bench.sync.finish();
  await waitUntil(() => bench.clock.sleepers === 1);
  await bench.clock.advance(1_000);
  await done;
  assertEquals([await textOf(bench.to("a")), treeOf(bench.from())], ["two", []]);
});

test("with deleteAfterCopy a file goes when it lay still for a whole round after its copy", async () => {
  await using bench = await SyncBench.make({ settings: { deleteAfterCopy: true } });
  await bench.write("done");
  await bench.write("growing");
  await untilOld(bench.from("growing"));
  await nextRound(bench);
  assertEquals(treeOf(bench.from()), ["done", "growing"]);
  await bench.write("growing", "growing more");
  await untilOld(bench.from("growing"));
  await nextRound(bench);
  assertEquals(treeOf(bench.from()), ["growing"]);
  await bench.sync.finish();
  assertEquals(treeOf(bench.from()), []);
  assertEquals(await textOf(bench.to("growing")), "growing more");
});

test("with deleteAfterCopy a round on demand removes nothing that was copied just before", async () => {
  await using bench = await SyncBench.make({ settings: { deleteAfterCopy: true } });
  await bench.write("a");
  await untilOld(bench.from("a"));
  await nextRound(bench);
  await bench.write(MARKER, "");
  await bench.clock.advance(500);
  await waitUntil(async () => !await isThere(bench.from(MARKER)));
  assertEquals(treeOf(bench.from()), ["a"]);
});

test("with deleteAfterCopy a link goes, and not the file that it leads to", async () => {
  await using bench = await SyncBench.make({ settings: { deleteAfterCopy: true, exclude: ["target"] } });
  await bench.write("target", "hello");
  await Deno.symlink("target", bench.from("link"));
  await bench.sync.finish();
  assertEquals([treeOf(bench.from()), await textOf(bench.to("link"))], [["target"], "hello"]);
});

test("with deleteAfterCopy a file that could not be copied stays", async () => {
  const { bench } = await setUp(
    (inner) => new Failing(inner, (name) => name === "bad" ? new BackendError("no way") : undefined),
    { settings: { deleteAfterCopy: true } },
  );
  await using _ = bench;
  await bench.write("bad");
  await bench.write("good");
  await assertRejects(bench.sync.finish(), BackendError);
  assertEquals(treeOf(bench.from()), ["bad"]);
});
