import { FrameReader, FrameTooLargeError, FrameWriter } from "../../../src/backends/ssh/frames.ts";
import { LineReader } from "../../../src/backends/ssh/line_reader.ts";
import { BackendError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

test("a message comes back as it was, however its bytes are cut", async () => {
  const message = { text: 'ünïcode 👾 \u2028 "x"\n\t\u0000 \ud83d', list: [1, null, { deep: true }] };
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n{"second":2}\n`);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const reader = readerOf(bytes, { size });
    assertEquals(await reader.next(), message);
    assertEquals(await reader.next(), { second: 2 });
    assertEquals(await reader.next(), undefined);
  }
});

test("a message that breaks off is none", async () => {
  const bytes = new TextEncoder().encode('{"first":1}\n{"second":2');
  const reader = readerOf(bytes, {});
  assertEquals(await reader.next(), { first: 1 });
  assertEquals(await reader.next(), undefined);
});

test("a stream that fails has ended", async () => {
  const readable = new ReadableStream<Uint8Array>({ pull: (it) => it.error(new Error("broken")) });
  assertEquals(await new FrameReader(new LineReader(readable)).next(), undefined);
});

test("a message that is too long is refused before all of it is read", async () => {
  let pulled = 0;
  const readable = new ReadableStream<Uint8Array>({
    pull: (it) => {
      pulled++;
      it.enqueue(new Uint8Array(100).fill(0x61));
    },
  }, { highWaterMark: 0 });
  const reader = new FrameReader(new LineReader(readable), { maxBytes: 1_000 });
  const error = await assertRejects(reader.next(), BackendError);
  assert(error.message.includes("1000 bytes"), error.message);
  assertEquals(pulled, 11);
  await reader.cancel();
});

const NO_MESSAGES: Readonly<Record<string, string>> = {
  "a text": 'Segmentation fault "x"',
  "a number": "42",
  "null": "null",
  "nothing": "",
};
for (const [what, line] of Object.entries(NO_MESSAGES)) {
  test(`${what} is no message, and the error shows it`, async () => {
    const error = await assertRejects(
      readerOf(new TextEncoder().encode(`${line}\n`), {}).next(),
      BackendError,
    );
    assert(error.message.includes(`"${line}"`), error.message);
  });
}

test("the error about what is no message shows no control characters, and not much", async () => {
  const line = new TextEncoder().encode(`\u001b[31mred\u0007 ${"x".repeat(10_000)}\n`);
  const { message } = await assertRejects(readerOf(line, {}).next(), BackendError);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\u0000-\u001f]/.test(message), false);
  assert(message.includes("[31mred") && message.length < 350);
});

test("a damaged message is not shown: it may hold a secret", async () => {
  const line = new TextEncoder().encode('{"env":{"TOKEN":"hunter2"\n');
  const { message } = await assertRejects(readerOf(line, {}).next(), BackendError);
  assertEquals(message.includes("hunter2"), false);
});

test("a message that is too large is refused, and the next one is written", async () => {
  const { writable, written } = sink();
  const writer = new FrameWriter(writable, { maxBytes: 20 });
  const error = await assertRejects(writer.write({ text: "x".repeat(20) }), FrameTooLargeError);
  assertEquals([error.bytes, error.maxBytes], [32, 20]);
  await writer.write({ text: "x" });
  assertEquals(written(), '{"text":"x"}\n');
});

test("messages are written one after the other, large ones in pieces", async () => {
  const { writable, written, chunks } = sink();
  let progress = 0;
  const writer = new FrameWriter(writable, { onProgress: () => progress++ });
  const large = "x".repeat(200_000);
  await Promise.all([writer.write({ large }), writer.write({ small: 1 })]);
  assertEquals(written(), `{"large":"${large}"}\n{"small":1}\n`);
  assertEquals([chunks.length, progress], [5, 3]);
});

test("a message that nobody wants any more when its turn comes is not written", async () => {
  const { writable, written } = sink();
  const writer = new FrameWriter(writable);
  await Promise.all([writer.write({ a: 1 }), writer.write({ b: 2 }, () => false), writer.write({ c: 3 })]);
  assertEquals(written(), '{"a":1}\n{"c":3}\n');
  assertEquals(writer.waitingBytes, 0);
});

test("nothing is written after a write that failed", async () => {
  let tries = 0;
  const writable = new WritableStream<Uint8Array>({
    write: () => {
      tries++;
      throw new Deno.errors.BrokenPipe("gone");
    },
  });
  const writer = new FrameWriter(writable);
  await assertRejects(writer.write({ a: 1 }), Deno.errors.BrokenPipe);
  await assertRejects(writer.write({ b: 2 }), Deno.errors.BrokenPipe);
  assertEquals(tries, 1);
});

function readerOf(bytes: Uint8Array, { size = bytes.length }: { size?: number }): FrameReader {
  let at = 0;
  const readable = new ReadableStream<Uint8Array>({
    pull: (it) => {
      if (at >= bytes.length) return it.close();
      it.enqueue(bytes.slice(at, at += size));
    },
  });
  return new FrameReader(new LineReader(readable));
}

function sink() {
  const chunks: Uint8Array[] = [];
  const writable = new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(chunk.slice()) });
  const written = () => chunks.map((chunk) => new TextDecoder().decode(chunk)).join("");
  return { writable, chunks, written };
}
