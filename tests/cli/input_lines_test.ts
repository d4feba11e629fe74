import { InputLineError, MAX_LINE_BYTES, readLines } from "../../src/cli/input_lines.ts";
import { assertBetween, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { test } from "../support/testing.ts";

/** The lines of what arrives in these pieces, a list for each time that some were there. */
async function linesOf(...pieces: readonly (string | Uint8Array<ArrayBuffer>)[]) {
  const encoder = new TextEncoder();
  const stream = ReadableStream.from(
    pieces.map((piece) => typeof piece === "string" ? encoder.encode(piece) : piece),
  );
  const batches: string[][] = [];
  let failure: InputLineError | undefined;
  try {
    for await (const lines of readLines(stream)) {
      batches.push(lines.map(({ number, text }) => `${number}:${text}`));
    }
  } catch (error) {
    if (!(error instanceof InputLineError)) throw error;
    failure = error;
  }
  return { batches, failure };
}

test("readLines() answers the lines of a piece together", async () => {
  assertEquals((await linesOf("a\nb\n", "c\n")).batches, [["1:a", "2:b"], ["3:c"]]);
});

test("readLines() takes the last line without its end", async () => {
  assertEquals((await linesOf("a\nb")).batches, [["1:a"], ["2:b"]]);
});

test("readLines() marks the last line when it lacks its end, and no other", async () => {
  const marksOf = async (...pieces: readonly string[]) => {
    const encoder = new TextEncoder();
    const lines = await Array.fromAsync(
      readLines(ReadableStream.from(pieces.map((text) => encoder.encode(text)))),
    );
    return lines.flat().map(({ text, isUnended }) => [text, isUnended]);
  };
  assertEquals(await marksOf("a\n", "b"), [["a", undefined], ["b", true]]);
  assertEquals(await marksOf("a\nb\n"), [["a", undefined], ["b", undefined]]);
});

test("readLines() puts a line together that comes in pieces", async () => {
  assertEquals((await linesOf("ec", "ho", " a\nb", "\n")).batches, [["1:echo a"], ["2:b"]]);
});

test("readLines() puts a letter together that comes in pieces", async () => {
  const [first, second] = new TextEncoder().encode("ü");
  assertEquals(
    (await linesOf(Uint8Array.of(first ?? 0), Uint8Array.of(second ?? 0, 10))).batches,
    [["1:ü"]],
  );
});

test("readLines() takes CRLF as one line end, also when it comes in two pieces", async () => {
  assertEquals((await linesOf("a\r\nb\r", "\nc\r")).batches, [["1:a"], ["2:b"], ["3:c"]]);
});

test("readLines() counts blank lines and leaves them out", async () => {
  assertEquals((await linesOf("\n  \na\n\r\n\t\nb\n")).batches, [["3:a", "6:b"]]);
});

test("readLines() answers nothing for nothing", async () => {
  assertEquals((await linesOf("", "")).batches, []);
});

test("readLines() names the line that is not UTF-8, after those before it", async () => {
  const { batches, failure } = await linesOf("a\n", Uint8Array.of(98, 10, 0xff, 10, 99, 10));
  assertEquals([batches, failure?.number, failure?.message], [[["1:a"], ["2:b"]], 3, "it is not UTF-8"]);
});

test("readLines() refuses a last line that is cut within a letter", async () => {
  const { batches, failure } = await linesOf("a\n", Uint8Array.of(0xc3));
  assertEquals([batches, failure?.number], [[["1:a"]], 2]);
});

test("readLines() takes a line of the greatest length", async () => {
  const line = "x".repeat(MAX_LINE_BYTES);
  assertEquals((await linesOf(`${line}\n`)).batches, [[`1:${line}`]]);
});

test("readLines() refuses a line that is longer, after those before it", async () => {
  const { batches, failure } = await linesOf(`a\nb\n${"x".repeat(MAX_LINE_BYTES + 1)}\nc\n`);
  assertEquals([batches, failure?.number], [[["1:a", "2:b"]], 3]);
  assertMatch(failure?.message ?? "", /longer than \d+ bytes/);
});

test("readLines() stops reading as soon as a line is too long", async () => {
  let pieces = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pieces++;
      controller.enqueue(new Uint8Array(MAX_LINE_BYTES / 4).fill(120));
    },
  });
  await assertRejects(readLines(endless).next(), InputLineError);
  // Four pieces are as long as a line may be; the stream itself reads a little ahead.
  assertBetween(pieces, 5, 8);
});

test("readLines() drops a byte order mark at the start of the input, and nowhere else", async () => {
  assertEquals((await linesOf("\uFEFFa\n\uFEFFb\n", "\uFEFFc\n")).batches, [["1:a", "2:\uFEFFb"], [
    "3:\uFEFFc",
  ]]);
});
