import { uploadFile } from "../../../src/backends/azure/blob_sync_upload.ts";
import { AccessDeniedError, BackendError } from "../../../src/core/errors.ts";
import type { SyncFile } from "../../../src/core/sync_destination.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { BlobPlace, randomBytes } from "./blob_sync_place.ts";

const MIB = 1024 * 1024;

test("a small file is one request and the blob PREFIX/NAME", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.put(await place.file("logs/a.txt", "hello"));
  assertEquals(await place.names(), ["out/run 1/logs/a.txt"]);
  assertEquals(await place.text("out/run 1/logs/a.txt"), "hello");
  assertEquals(place.proxy.requests.map(({ method }) => method), ["PUT"]);
});

test("an empty file is an empty blob", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.put(await place.file("empty", ""));
  assertEquals(await place.text("out/run 1/empty"), "");
});

test("without a directory in the URL, names begin at the container", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open(place.url(""));
  await destination.put(await place.file("a"));
  assertEquals(await place.names(), ["a"]);
});

test("a file of 30 MB goes in blocks and arrives whole", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const content = randomBytes(30_000_001);
  await destination.put(await place.file("large", content));
  await place.assertHolds("out/run 1/large", content);
  const blocks = place.proxy.requests.filter(({ path }) => /comp=block(?:&|$)/.test(path));
  assertEquals(blocks.length, 4);
});

test("files of one block, and of one byte more, arrive whole", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  for (const size of [8 * MIB, 8 * MIB + 1]) {
    const content = randomBytes(size);
    await destination.put(await place.file(`${size}`, content));
    await place.assertHolds(`out/run 1/${size}`, content);
  }
});

test("200 files with odd names arrive under their names", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open(place.url("50%25 'a' + ü"));
  const odd = [
    ..." !\"#$%&'()*+,-:;<=>?@[]^_`{|}~äé漢字😀\u00a0\u200d",
    "%2e",
    "%2F",
    "..a",
    "a b",
    ".hidden",
    "e\u0301",
  ];
  const names = Array.from(
    { length: 200 },
    (_, index) => `d ${index % 7}/${odd[index % odd.length]}x${index}`,
  );
  const files = await Promise.all(names.map((name) => place.file(name, name)));
  await Promise.all(files.map((file) => destination.put(file)));
  assertEquals(await place.names(), names.map((name) => `50%25 'a' + ü/${name}`).sort());
  const [last = ""] = names.slice(-1);
  assertEquals(await place.text(`50%25 'a' + ü/${last}`), last);
});

test("a file that is put again replaces its blob, whether larger or smaller", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.put(await place.file("a", "first"));
  const content = randomBytes(9 * MIB);
  await destination.put(await place.file("a", content));
  await place.assertHolds("out/run 1/a", content);
  await destination.put(await place.file("a", "third"));
  assertEquals(await place.text("out/run 1/a"), "third");
});

for (const size of [1, 9 * MIB]) {
  test(`time and mode of a file of ${size} bytes are kept as rclone names them`, async () => {
    await using place = await BlobPlace.make();
    await using destination = await place.open();
    const file = await place.file("run.sh", randomBytes(size));
    await Deno.utime(file.path, 1_700_000_000, 1_700_000_000.123);
    await destination.put({ ...file, mode: 0o750, modifiedAt: 1_700_000_000_123.456 });
    const { metadata } = await place.container.getBlobClient("out/run 1/run.sh").getProperties();
    assertEquals(metadata, { mtime: "2023-11-14T22:13:20.123456Z", mode: "0100750" });
  });
}

test("a file that changed since it was listed is put as it is now, with its time", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const listed = await place.file("a", "old");
  const now = await place.file("a", "new and longer");
  await Deno.utime(now.path, 1_700_000_000, 1_700_000_000);
  await destination.put(listed);
  assertEquals(await place.text("out/run 1/a"), "new and longer");
  const { metadata } = await place.container.getBlobClient("out/run 1/a").getProperties();
  assertEquals(metadata?.mtime, "2023-11-14T22:13:20.000000Z");
});

/** Puts a large file, and does something to it while it is read. */
async function putWhile(place: BlobPlace, file: SyncFile, change: () => Promise<void>): Promise<void> {
  await using destination = await place.open();
  place.proxy.fault({ kind: "delay", ms: 500 }, { path: /comp=block(?:&|$)/ });
  const putting = destination.put(file);
  putting.catch(() => {});
  await waitUntil(() => place.proxy.requests.some(({ path }) => path.includes("comp=block")));
  await change();
  await putting;
}

test("a large file that is written over while it is read leaves the blob as it was", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.put(await place.file("a", "before"));
  const file = await place.file("a", randomBytes(20 * MIB));
  const error = await assertRejects(
    putWhile(place, file, async () => {
      using opened = await Deno.open(file.path, { write: true });
      await opened.write(new Uint8Array(10));
    }),
    BackendError,
  );
  assertMatch(error.message, /^Cannot copy "a" to "http:[^"]*": the file changed while it was read$/);
  assert(error.transient);
  assertEquals(await place.text("out/run 1/a"), "before");
  await destination.put(file);
  assertEquals((await place.bytes("out/run 1/a")).length, 20 * MIB);
});

test("a large file that grows while it is read is put as it was when it was opened", async () => {
  await using place = await BlobPlace.make();
  const content = randomBytes(20 * MIB);
  const file = await place.file("a", content);
  await putWhile(place, file, () => Deno.writeTextFile(file.path, "more", { append: true }));
  assertEquals(await place.bytes("out/run 1/a"), content);
});

for (const size of [100, 9 * MIB]) {
  test(`a file of ${size} bytes that is shorter when it is read makes no blob`, async () => {
    await using place = await BlobPlace.make();
    const { path } = await place.file("a", randomBytes(size - 10));
    using file = await Deno.open(path);
    const blob = place.container.getBlockBlobClient("a");
    const call = <T>(request: (signal: AbortSignal) => Promise<T>) => request(new AbortController().signal);
    const common = { blob, sizeBytes: size, metadata: {}, call, changed: () => new BackendError("changed") };
    await assertRejects(
      uploadFile(file, { ...common, isUnchanged: () => Promise.resolve(true) }),
      BackendError,
    );
    assertEquals(await place.names(), []);
  });
}

for (const size of [100, 9 * MIB]) {
  test(`a copy of ${size} bytes that is not ready to be seen leaves the blob as it was`, async () => {
    await using place = await BlobPlace.make();
    await using destination = await place.open();
    await destination.put(await place.file("a", "before"));
    const ready = () => Promise.reject(new BackendError("somebody else has it"));
    const file = await place.file("a", randomBytes(size));
    const error = await assertRejects(destination.put(file, { ready }), BackendError);
    assertMatch(error.message, /somebody else has it/);
    assertEquals(await place.text("out/run 1/a"), "before");
  });
}

test("a small file that changes while it is read makes no blob", async () => {
  await using place = await BlobPlace.make();
  const { path } = await place.file("a", "0123456789");
  using file = await Deno.open(path);
  await assertRejects(
    uploadFile(file, {
      blob: place.container.getBlockBlobClient("a"),
      sizeBytes: 10,
      metadata: {},
      call: (request) => request(new AbortController().signal),
      isUnchanged: () => Promise.resolve(false),
      changed: () => new BackendError("changed"),
    }),
    BackendError,
  );
  assertEquals(await place.names(), []);
});

test("a file that is gone is said to be, and another try may find it", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const file = await place.file("a");
  await Deno.remove(file.path);
  const error = await assertRejects(destination.put(file), BackendError);
  assertMatch(error.message, /^Cannot copy "a" to "http:[^"]*": the file is not there any more$/);
  assertEquals([error.transient, error.cause instanceof Deno.errors.NotFound], [true, true]);
});

test("what is no file is refused, not copied", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  const file = await place.file("a/b");
  const error = await assertRejects(
    destination.put({ ...file, path: place.dir.join("a"), name: "a" }),
    BackendError,
  );
  assertMatch(error.message, /^Cannot copy "a" to "http:[^"]*": the file cannot be read: /);
  assertEquals([error.transient, await place.names()], [false, []]);
});

test("a name that the service would change is refused before anything is sent", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  for (
    const name of ["back\\slash", "dot.", "dot./a", "new\nline", "x".repeat(255) + "/" + "y".repeat(1024)]
  ) {
    const error = await assertRejects(
      destination.put({ path: "/none", name, sizeBytes: 1, modifiedAt: 0, mode: 0o644 }),
      BackendError,
    );
    assertEquals(error.hint, "rename the file, or leave it out with AMLT_DIRSYNC_EXCLUDE");
    assert(!error.transient && !error.message.includes("\n"));
  }
  assertEquals(place.proxy.requests.length, 0);
});

test("a container that has gone is said to be, and credentials that may not write are denied", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await using reader = await place.open(`${place.url()}?${place.sas("rl")}`);
  const file = await place.file("a");
  const denied = await assertRejects(reader.put(file), AccessDeniedError);
  assertMatch(denied.hint ?? "", /Storage Blob Data Contributor/);
  await place.container.delete();
  const error = await assertRejects(destination.put(file), BackendError);
  assertMatch(error.message, /: there is no such container$/);
  assertMatch(error.hint ?? "", /--bg-dirsync-create/);
});

test("making a directory sends nothing", async () => {
  await using place = await BlobPlace.make();
  await using destination = await place.open();
  await destination.makeDirectory("a/b");
  assertEquals(place.proxy.requests.length, 0);
});
