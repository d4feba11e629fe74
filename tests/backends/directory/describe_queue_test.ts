import { describeQueue } from "../../../src/backends/directory/describe_queue.ts";
import { openDirectoryQueue } from "../../../src/backends/directory/open.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

test("a queue is described by what is held of it, and what was put aside", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = openDirectoryQueue({ kind: "directory", path });
  await queue.enqueue([shellJob(), shellJob()]);
  await using _held = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
  assertEquals(await describeQueue(path), [
    "1 jobs are held by 1 processes",
    "no file of it was found broken",
  ]);
  for (let number = 10; number < 35; number++) {
    await Deno.writeTextFile(
      `${path}/ready/1000/000/0000000000/000/0000000000000${number}-abcdef`,
      "garbage",
    );
  }
  await using _other = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
  assertEquals(await queue.lease({ leaseMs: 60_000, waitMs: 0 }), undefined);
  const [held, broken, first, ...others] = await describeQueue(path);
  assertEquals([held, broken], [
    "2 jobs are held by 1 processes",
    "put aside since they were no jobs, to be looked at and removed: 25",
  ]);
  assertMatch(first ?? "", /^ +broken\/000000000000010-abcdef\.[0-9a-z]{6} \(7 bytes, last changed 20/);
  assertEquals([others.length, others.at(-1)], [20, "  and 5 more"]);
});

test("a holder whose process is gone is told of by its missing lock", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  const queue = openDirectoryQueue({ kind: "directory", path });
  await queue.enqueue([shellJob()]);
  const lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
  await queue[Symbol.asyncDispose]();
  assertMatch(
    (await describeQueue(path))[0] ?? "",
    /^1 jobs are held by 1 processes, 1 of which hold no lock: /,
  );
  assertEquals(lease?.lost.aborted, false);
});
