import { AccessDeniedError, BackendError, type JobqError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { BlobPlace } from "./blob_sync_place.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";

/** Fails when the error shows what signs the place's requests. */
function assertKeeps(error: JobqError, place: BlobPlace, sas = ""): void {
  const signature = new URLSearchParams(sas).get("sig");
  assertKeepsSecrets(error, [
    place.key,
    ...(signature === null ? [] : [signature, encodeURIComponent(signature)]),
  ]);
}

test("preparing a container that is there changes nothing in it", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.prepare();
  assertEquals([await place.names(), place.proxy.requests.length], [[], 1]);
});

test("a missing container is an error that says what to do", async () => {
  await using place = await BlobPlace.make({ exists: false });
  await using destination = await place.open();
  const error = await assertRejects(destination.prepare(), BackendError);
  assertEquals(error.message, `Cannot copy to "${destination.name}": there is no such container`);
  assertMatch(error.hint ?? "", /--bg-dirsync-create/);
  assertEquals([error.transient, await place.container.exists()], [false, false]);
  assertKeeps(error, place);
});

test("a missing container is made where that is asked for", async () => {
  await using place = await BlobPlace.make({ exists: false });
  await using destination = await place.open(place.url(), { create: true });
  await destination.prepare();
  await destination.put(await place.file("a"));
  assertEquals(await place.names(), ["out/run 1/a"]);
});

test("two that make the container at the same time both succeed", async () => {
  await using place = await BlobPlace.make({ exists: false });
  await using one = await place.open(place.url(), { create: true });
  await using other = await place.open(place.url(), { create: true });
  await Promise.all([one.prepare(), other.prepare()]);
});

test("a wrong key is denied", async () => {
  await using place = await BlobPlace.make();
  const wrong = place.proxy.connectionString.replace(place.key, SECRETS.key);
  await using destination = await place.open(place.url(), {
    env: (name) => name === "JOBQ_CONNECTION_STRING" ? wrong : undefined,
  });
  const error = await assertRejects(destination.prepare(), AccessDeniedError);
  assert(error.message.startsWith(`Cannot copy to "${destination.name}": `));
  assertKeeps(error, place);
});

test("a SAS that may only write is enough", async () => {
  await using place = await BlobPlace.make();
  const sas = place.sas("cw");
  await using destination = await place.open(`${place.url()}?${sas}`);
  assert(!destination.name.includes("?"));
  await destination.prepare();
  await destination.put(await place.file("a"));
  assertEquals(await place.names(), ["out/run 1/a"]);
});

test("a SAS that may only read is denied before the job starts", async () => {
  await using place = await BlobPlace.make();
  const sas = place.sas("rl");
  await using destination = await place.open(`${place.url()}?${sas}`);
  const error = await assertRejects(destination.prepare(), AccessDeniedError);
  assertMatch(error.message, /: the credentials do not allow it$/);
  assertKeeps(error, place, sas);
});

test("a SAS of another container is denied, not shown", async () => {
  await using place = await BlobPlace.make();
  await using other = await BlobPlace.make();
  const sas = other.sas("racwd");
  await using destination = await place.open(`${place.url()}?${sas}`);
  assertKeeps(await assertRejects(destination.prepare(), AccessDeniedError), place, sas);
});

test("an expired SAS is refused without a request, and not shown", async () => {
  await using place = await BlobPlace.make();
  const sas = place.sas("racwd", { endsInMs: -3_600_000 });
  const error = await assertRejects(place.open(`${place.url()}?${sas}`), AccessDeniedError);
  assertMatch(error.message, /the SAS in the URL expired at /);
  assertKeeps(error, place, sas);
  assertEquals(place.proxy.requests.length, 0);
});

test("a SAS without the right to make the container is denied where it is missing", async () => {
  await using place = await BlobPlace.make({ exists: false });
  const sas = place.sas("racwd");
  await using destination = await place.open(`${place.url()}?${sas}`, { create: true });
  const error = await assertRejects(destination.prepare(), AccessDeniedError);
  assertMatch(error.message, /^Cannot create the container of "/);
  assertKeeps(error, place, sas);
});

test("preparing goes on when the service was busy for a moment", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  place.proxy.fault({ kind: "answer", status: 503, code: "ServerBusy" }, { times: 2 });
  await destination.prepare();
  assertEquals(place.proxy.requests.length, 3);
});
