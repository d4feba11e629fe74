import { passThrough } from "../../src/cli/job_output.ts";
import type { StreamName } from "../../src/runner/output.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeStream } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";

type Piece = string | Uint8Array;

/** What a worker prints of a job that prints these pieces. */
async function printed(prefix: boolean, ...pieces: readonly (Piece | [StreamName, Piece])[]) {
  const stdout = new FakeStream();
  const stderr = new FakeStream();
  const output = passThrough({ stdout, stderr, prefix })({ id: "7-x", execution: 1, slot: 0 });
  const encoder = new TextEncoder();
  for (const piece of pieces) {
    const [stream, data] = Array.isArray(piece) ? piece : ["stdout" as const, piece];
    await output.write(stream, typeof data === "string" ? encoder.encode(data) : data);
  }
  await output.close();
  return { stdout, stderr };
}

/** The lines that a worker with several slots prints. */
const lines = async (...pieces: readonly string[]) => (await printed(true, ...pieces)).stdout.text;

test("with one slot the bytes pass unchanged", async () => {
  const bytes = Uint8Array.of(0xff, 0, 10, 13, 0xfe, 27);
  assertEquals(
    (await printed(false, bytes, "part")).stdout.bytes,
    Uint8Array.of(...bytes, 112, 97, 114, 116),
  );
});

test("with one slot each stream goes to its own", async () => {
  const { stdout, stderr } = await printed(false, ["stdout", "out"], ["stderr", "err"], ["stdout", "!"]);
  assertEquals([stdout.text, stderr.text], ["out!", "err"]);
});

test("with several slots each line begins with the job's id", async () => {
  assertEquals(await lines("a\nb\n\nc\n"), "7-x | a\n7-x | b\n7-x | \n7-x | c\n");
});

test("with several slots a line that comes in pieces is put together", async () => {
  assertEquals(await lines("a", "b", "c\nd", "e\n"), "7-x | abc\n7-x | de\n");
});

test("with several slots the last line is printed though it has no end", async () => {
  assertEquals(await lines("a\nlast"), "7-x | a\n7-x | last\n");
});

test("with several slots unfinished lines of the two streams do not mix", async () => {
  const { stdout, stderr } = await printed(true, ["stdout", "o"], ["stderr", "e\n"], ["stdout", "k\n"]);
  assertEquals([stdout.text, stderr.text], ["7-x | ok\n", "7-x | e\n"]);
});

test("with several slots a bar that redraws itself becomes lines", async () => {
  assertEquals(await lines("10%\r", "50%\r100%\rdone\n"), "7-x | 10%\n7-x | 50%\n7-x | 100%\n7-x | done\n");
});

test("with several slots CRLF is one line end", async () => {
  assertEquals(await lines("a\r\nb\r\n"), "7-x | a\n7-x | b\n");
});

test("with several slots CRLF is one line end in two pieces, too", async () => {
  assertEquals(await lines("a\r", "\nb\r", "\n\nc\n"), "7-x | a\n7-x | b\n7-x | \n7-x | c\n");
});

test("with several slots bytes that are not UTF-8 stay what they are", async () => {
  const { stdout } = await printed(true, Uint8Array.of(0xff, 0, 0x80, 10));
  assertEquals(stdout.bytes, Uint8Array.of(...new TextEncoder().encode("7-x | "), 0xff, 0, 0x80, 10));
});

test("with several slots a line of 200 kB without end is printed in parts, and no byte is lost", async () => {
  const text = await lines(...Array.from({ length: 200 }, (_, index) => String(index % 10).repeat(1_000)));
  const parts = text.split("\n").slice(0, -1).map((line) => line.replace(/^7-x \| /, ""));
  assertEquals(
    parts.join(""),
    Array.from({ length: 200 }, (_, index) => String(index % 10).repeat(1_000)).join(""),
  );
  assertEquals(parts.every((part) => part.length <= 66_000), true);
});

test("with several slots nothing is printed of a job that prints nothing", async () => {
  assertEquals(await lines(), "");
});
