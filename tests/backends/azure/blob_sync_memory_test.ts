import { assertBetween, assertEquals } from "../../support/assert.ts";
import { runScript } from "../../support/child.ts";
import { connectionString } from "../../support/azurite.ts";
import { test } from "../../support/testing.ts";
import { BlobPlace } from "./blob_sync_place.ts";

const MIB = 1024 * 1024;

test("two files of 200 MiB at the same time take less than 100 MiB, and the process ends by itself", async () => {
  await using place = await BlobPlace.make();
  const { path } = await place.file("large", "");
  await Deno.truncate(path, 200 * MIB);
  const { path: small } = await place.file("small", "small");
  const url = `${connectionEndpoint(await connectionString())}/${place.container.containerName}`;
  const script = "../backends/azure/blob_sync_putter.ts";
  const { code, stdout, stderr } = await runScript(script, [url, await connectionString(), path, small]);
  assertEquals([code, stderr], [0, ""]);
  const { before, most } = JSON.parse(stdout);
  assertBetween(most - before, 0, 100 * MIB);
  assertEquals(await place.names(), ["large", "large too", "small"]);
  const { contentLength } = await place.container.getBlobClient("large").getProperties();
  assertEquals(contentLength, 200 * MIB);
});

function connectionEndpoint(connection: string): string {
  return /BlobEndpoint=([^;]+)/.exec(connection)?.[1] ?? "";
}
