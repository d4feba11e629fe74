import { openQueue } from "../../../src/backends/registry.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { shellJob } from "../../support/jobs.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const LENGTH = 50_000_000;

test("readers in other processes never see half of a large result, nor a completed job without it", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = await openQueue(path);
  for (let round = 0; round < 3; round++) {
    const [id = ""] = await queue.enqueue([shellJob()]);
    const lease = assertExists(await queue.lease({ leaseMs: 60_000, waitMs: 0 }));
    await using reader = new Child("result_reader.ts", [path, id]);
    assertEquals(await reader.line(), "reading");
    await lease.ack("x".repeat(LENGTH));
    const { before, lengths } = JSON.parse((await reader.finish())[0] ?? "");
    assert(before > 0, "it was not read before it was there");
    assertEquals(lengths, [LENGTH]);
  }
});
