import { LogFiles } from "../../../src/backends/log_files/log_files.ts";
import { BackendError } from "../../../src/core/errors.ts";
import type { LogPart, LogWriter } from "../../../src/core/job_logs.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const ID = "12345-abcdef";
const BUCKET = "000012";
/** What the names of the job's files begin with. */
const LOG = `${BUCKET}/${ID}`;
const KEY = { id: ID, execution: 1 };
const LARGE = { maxBytes: 1024 * 1024 };

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (part: LogPart): [string, number] => [new TextDecoder().decode(part.bytes), part.from];

class Place implements AsyncDisposable {
  readonly logs: LogFiles;
  readonly directory: string;
  readonly #temp: TempDir;

  private constructor(temp: TempDir) {
    this.#temp = temp;
    this.directory = temp.join("jobs.db.d/logs");
    this.logs = new LogFiles(this.directory);
  }

  static async make(): Promise<Place> {
    return new Place(await TempDir.make());
  }

  /** The path of something among the logs. */
  join(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** The path of something beside all that the logs may touch. */
  outside(name: string): string {
    return this.#temp.join(name);
  }

  async read(from = 0, key = KEY): Promise<[string, number]> {
    return textOf(await this.logs.read(key, from));
  }

  /** Writes the log of an execution, in pieces. */
  async write(pieces: readonly string[], { key = KEY, maxBytes = LARGE.maxBytes } = {}): Promise<void> {
    const writer = this.logs.open(key, { maxBytes });
    for (const piece of pieces) await writer.write(bytes(piece));
    await writer.close();
  }

  /** The job's files, without the id in front, with what is in them. */
  async files(): Promise<Readonly<Record<string, string>>> {
    const names = await Array.fromAsync(Deno.readDir(this.join(BUCKET)), ({ name }) => name);
    const own = names.filter((name) => name.startsWith(`${ID}.`)).toSorted();
    const read = async (name: string) => [
      name.slice(ID.length + 1),
      await Deno.readTextFile(this.join(`${BUCKET}/${name}`)),
    ];
    return Object.fromEntries(await Promise.all(own.map(read)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temp[Symbol.asyncDispose]();
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

test("a log is one file", async () => {
  await using place = await Place.make();
  await place.write(["hello ", "world\n"]);
  assertEquals(await place.files(), { "1.log": "hello world\n" });
  assertEquals(place.logs.place, place.directory);
});

test("each execution has its own log", async () => {
  await using place = await Place.make();
  await place.write(["one"]);
  await place.write(["eleven"], { key: { id: ID, execution: 11 } });
  assertEquals(await place.read(), ["one", 0]);
  assertEquals(await place.read(0, { id: ID, execution: 11 }), ["eleven", 0]);
  assertEquals(await place.read(0, { id: ID, execution: 2 }), ["", 0]);
});

test("an execution that prints nothing leaves nothing behind", async () => {
  await using place = await Place.make();
  await place.write([]);
  await place.write([""]);
  assertEquals(await exists(place.outside("jobs.db.d")), false);
});

test("who may look into the logs is up to the umask, as with the queue's own file", async () => {
  await using place = await Place.make();
  const before = Deno.umask(0o027);
  try {
    await place.write(["shared"]);
  } finally {
    Deno.umask(before);
  }
  const modes = [];
  for (const name of [BUCKET, `${LOG}.1.log`]) {
    modes.push(((await Deno.stat(place.join(name))).mode ?? 0) & 0o777);
  }
  assertEquals(modes, [0o750, 0o640]);
});

test("what was written can be read at once, from any byte on", async () => {
  await using place = await Place.make();
  const writer = place.logs.open(KEY, LARGE);
  await writer.write(bytes("0123"));
  assertEquals(await place.read(), ["0123", 0]);
  await writer.write(bytes("456"));
  await writer.close();
  assertEquals(await place.read(4), ["456", 4]);
  assertEquals(await place.read(7), ["", 7]);
  assertEquals(await place.read(99), ["", 99]);
});

test("of a job that printed nothing, and of what is no id, nothing is read", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(place.outside("1.log"), "outside");
  for (const id of [ID, "1-a", "", "..", "../..", "1-a/../../..", "999999-abcdef\0"]) {
    assertEquals(await place.read(3, { id, execution: 1 }), ["", 3], id);
  }
});

test("pieces that are written at the same time are all kept, in order", async () => {
  await using place = await Place.make();
  const writer = place.logs.open(KEY, LARGE);
  const pieces = Array.from({ length: 200 }, (_, index) => `${index};`);
  await Promise.all([...pieces.map((piece) => writer.write(bytes(piece))), writer.close()]);
  assertEquals(await place.read(), [pieces.join(""), 0]);
});

test("what is written after the end is dropped", async () => {
  await using place = await Place.make();
  const writer = place.logs.open(KEY, LARGE);
  await writer.write(bytes("before"));
  await writer.close();
  await writer.write(bytes("after"));
  await writer.close();
  assertEquals(await place.read(), ["before", 0]);
});

test("a log that outgrows its size goes on in further files, and the last two are kept", async () => {
  await using place = await Place.make();
  await place.write(["0123456789", "abcdefgh", "ij"], { maxBytes: 10 });
  assertEquals(await place.files(), { "1.10.log": "abcde", "1.15.log": "fghij", "1.log": "" });
  await place.write(["x"], { maxBytes: 10, key: { id: ID, execution: 2 } });
  assertEquals(Object.keys(await place.files()), ["1.10.log", "1.15.log", "1.log", "2.log"]);
});

test("a log never has more bytes than it may, nor less than half of them", async () => {
  await using place = await Place.make();
  const writer = place.logs.open(KEY, { maxBytes: 11 });
  for (let printed = 1; printed <= 60; printed++) {
    await writer.write(bytes("x"));
    const kept = Object.values(await place.files()).join("").length;
    assert(kept <= 11 && kept >= Math.min(printed, 5), `${kept} bytes of ${printed}`);
  }
  await writer.close();
});

test("a piece that is larger than the log leaves its end", async () => {
  await using place = await Place.make();
  await place.write(["-".repeat(95) + "0123456789"], { maxBytes: 10 });
  assertEquals(await place.read(), ["01234", 95]);
  assertEquals(await place.read(100), ["56789", 100]);
});

test("of a log that may keep nothing, nothing is kept", async () => {
  await using place = await Place.make();
  for (const maxBytes of [0, 1]) await place.write(["text"], { maxBytes });
  assertEquals(await exists(place.directory), false);
});

test("positions count all that was printed, and what was dropped is passed over", async () => {
  await using place = await Place.make();
  const digits = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(7)).join("");
  await place.write([digits], { maxBytes: 20 });
  assertEquals(await place.read(0), [digits.slice(50, 60), 50]);
  assertEquals(await place.read(55), [digits.slice(55, 60), 55]);
  assertEquals(await place.read(60), [digits.slice(60), 60]);
  assertEquals(await place.read(70), ["", 70]);
});

test("one read answers at most 1 MiB", async () => {
  await using place = await Place.make();
  const text = "0123456789abcdef".repeat(100_000);
  await place.write([text], { maxBytes: Infinity });
  let all = "";
  for (;;) {
    const [part, from] = await place.read(all.length);
    assertEquals(from, all.length);
    assert(part.length <= 1024 * 1024);
    if (part === "") break;
    all += part;
  }
  assert(all === text);
});

test("a reader that follows a log which drops files gets no byte wrong, and comes to its end", async () => {
  await using place = await Place.make();
  const charAt = (position: number) => String.fromCharCode(97 + position % 23);
  const total = 6_000;
  const writer = place.logs.open(KEY, { maxBytes: 40 });
  const writing = (async () => {
    for (let position = 0; position < total; position += 3) {
      await writer.write(bytes([0, 1, 2].map((index) => charAt(position + index)).join("")));
    }
    await writer.close();
  })();
  for (let at = 0; at < total;) {
    const [text, from] = await place.read(at);
    assert(from >= at);
    assertEquals(text, [...text].map((_, index) => charAt(from + index)).join(""));
    at = from + text.length;
  }
  await writing;
});

test("a file that vanishes before it is opened, or that was cut short, does not hold up a reader", async () => {
  await using place = await Place.make();
  await place.write(["0123456789"], { maxBytes: 10 });
  const first = place.join(`${LOG}.1.log`);
  await Deno.truncate(first, 2);
  assertEquals([await place.read(0), await place.read(2)], [["01", 0], ["56789", 5]]);
  // What is listed, but is not there when it is opened.
  await Deno.remove(first);
  await Deno.symlink("nowhere", first);
  assertEquals(await place.read(0), ["56789", 5]);
});

test("what an execution with the same number left behind goes when the log begins", async () => {
  await using place = await Place.make();
  await place.write(["0123456789abcdefghij"], { maxBytes: 10 });
  await place.write(["other"], { key: { id: ID, execution: 10 } });
  await place.write(["new"]);
  assertEquals(await place.files(), { "1.log": "new", "10.log": "other" });
});

/** Writes pieces; answers what the writer was told of problems. */
async function problemsOf(place: Place, write: (writer: LogWriter) => Promise<void>): Promise<string[]> {
  const problems: string[] = [];
  const writer = place.logs.open(KEY, { maxBytes: 10, onProblem: (reason) => problems.push(reason) });
  await write(writer);
  await writer.close();
  return problems;
}

test("a log that cannot be begun is given up, which is told once", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(place.outside("jobs.db.d"), "a file where the directory should be");
  const problems = await problemsOf(place, async (writer) => {
    await Promise.all([writer.write(bytes("a")), writer.write(bytes("b"))]);
    await writer.write(bytes("c"));
  });
  assertEquals(problems.length, 1);
  assert(problems[0]?.startsWith(`${place.join(`${LOG}.1.log`)}: `), problems[0]);
});

test("when the disk is full, the log gives back what it took, which is told once", async () => {
  await using place = await Place.make();
  await place.write(["other"], { key: { id: ID, execution: 2 } });
  const problems = await problemsOf(place, async (writer) => {
    await writer.write(bytes("01234"));
    await Deno.symlink("/dev/full", place.join(`${LOG}.1.5.log`));
    for (const piece of ["56", "789", "abcdefghij"]) await writer.write(bytes(piece));
  });
  assertEquals([problems.length, await place.files()], [1, { "2.log": "other" }]);
  assert(problems[0]?.includes("1.5.log: No space left on device"), problems[0]);
});

test("a log whose directory somebody removed goes on in a new one", async () => {
  await using place = await Place.make();
  const problems = await problemsOf(place, async (writer) => {
    await writer.write(bytes("0123"));
    await Deno.remove(place.directory, { recursive: true });
    for (let i = 0; i < 5; i++) await writer.write(bytes("456789"));
  });
  assertEquals(problems, []);
  assertEquals([await place.read(), await place.read(30)], [["78945", 25], ["6789", 30]]);
});

test("a log that cannot be read is a BackendError that names the job", async () => {
  await using place = await Place.make();
  await Deno.mkdir(place.directory, { recursive: true });
  await Deno.writeTextFile(place.join(BUCKET), "a file where the directory should be");
  const error = await assertRejects(place.read(), BackendError);
  assert(error.message.startsWith(`Cannot read the log of job ${ID}: `), error.message);
});

test("remove() takes the jobs' logs, and a bucket that is empty then", async () => {
  await using place = await Place.make();
  const [other, far] = ["12999-abcdef", "1-abcdef"];
  for (const id of [ID, other, far]) await place.write(["text"], { key: { id, execution: 1 } });
  await place.logs.remove([ID, far]);
  assertEquals([await exists(place.join(`${LOG}.1.log`)), await exists(place.join("000000"))], [
    false,
    false,
  ]);
  assertEquals(await place.read(0, { id: other, execution: 1 }), ["text", 0]);
  await place.logs.remove([other]);
  assertEquals(await Array.fromAsync(Deno.readDir(place.directory)), []);
});

test("remove() minds neither missing logs nor what is no id", async () => {
  await using place = await Place.make();
  await place.logs.remove([ID]);
  await place.write(["text"]);
  await Deno.mkdir(place.outside("victim"));
  await place.logs.remove([
    "13000-abcdef",
    "12345-zzzzzz",
    "",
    ".",
    "..",
    "../../victim",
    "1-a/../../../victim",
  ]);
  assertEquals([await place.read(), await exists(place.outside("victim"))], [["text", 0], true]);
});

test("remove() takes a link for what it is", async () => {
  await using place = await Place.make();
  await place.write(["text"]);
  await Deno.mkdir(place.outside("elsewhere"));
  await Deno.writeTextFile(place.outside("elsewhere/1.log"), "precious");
  await Deno.symlink(place.outside("elsewhere"), place.join(`${BUCKET}/12346-abcdef.1.log`));
  await Deno.symlink(place.outside("elsewhere/1.log"), place.join(`${LOG}.2.log`));
  await place.logs.remove([ID, "12346-abcdef"]);
  assertEquals(await exists(place.join(BUCKET)), false);
  assertEquals(await Deno.readTextFile(place.outside("elsewhere/1.log")), "precious");
});

test("remove() leaves what it did not write, and the logs of jobs whose ids only begin alike", async () => {
  await using place = await Place.make();
  await place.write(["text"]);
  await place.write(["text"], { key: { id: `${ID}x`, execution: 1 } });
  await Deno.writeTextFile(place.join(`${LOG}.notes`), "mine");
  await place.logs.remove([ID]);
  assertEquals(await place.files(), { notes: "mine" });
  assertEquals(await place.read(0, { id: `${ID}x`, execution: 1 }), ["text", 0]);
});

test("a log of what is no id cannot be opened", async () => {
  await using place = await Place.make();
  for (const id of ["", "..", "1-a/../x"]) {
    assertThrows(() => place.logs.open({ id, execution: 1 }, LARGE), TypeError);
  }
});

test("a bucket that was removed is made again for the next log", async () => {
  await using place = await Place.make();
  await place.write(["text"]);
  await place.logs.remove([ID]);
  await place.write(["more"]);
  assertEquals(await place.read(), ["more", 0]);
});

test("bytes that are no text are kept as they are, wherever a file ends", async () => {
  await using place = await Place.make();
  const all = Uint8Array.from({ length: 256 }, (_, index) => 255 - index);
  const writer = place.logs.open(KEY, { maxBytes: 300 });
  for (let at = 0; at < all.length; at += 7) await writer.write(all.subarray(at, at + 7));
  await writer.close();
  const parts = [await place.logs.read(KEY, 0), await place.logs.read(KEY, 150)];
  assertEquals(parts.map(({ from }) => from), [0, 150]);
  assertEquals(parts.flatMap((part) => [...part.bytes]), [...all]);
});

test("two executions of a job that print at the same time do not mix", async () => {
  await using place = await Place.make();
  const keys = [1, 2].map((execution) => ({ id: ID, execution }));
  const writers = keys.map((key) => place.logs.open(key, { maxBytes: 20 }));
  for (let i = 0; i < 40; i++) {
    await Promise.all(writers.map((writer, index) => writer.write(bytes("ab"[index]?.repeat(3) ?? ""))));
  }
  for (const writer of writers) await writer.close();
  const ends = await Promise.all(keys.map((key) => place.read(0, key)));
  assertEquals(ends, [["a".repeat(10), 100], ["b".repeat(10), 100]]);
});

test("a log that begins while the last of its bucket is removed is kept", async () => {
  await using place = await Place.make();
  for (let i = 0; i < 200; i++) {
    const [old, young] = [{ id: `${i}-old`, execution: 1 }, { id: `${i}-young`, execution: 1 }];
    await place.write(["old"], { key: old });
    await Promise.all([place.logs.remove([old.id]), place.write(["young"], { key: young })]);
    assertEquals(await place.read(0, young), ["young", 0]);
    await place.logs.remove([young.id]);
  }
});
