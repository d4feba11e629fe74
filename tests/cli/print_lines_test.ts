import { printJson, printLines } from "../../src/cli/print_lines.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeStream } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";

test("printLines() writes many lines in pieces, and nothing is lost between them", async () => {
  const sizes: number[] = [];
  const stream = new FakeStream((text) => sizes.push(text.length));
  const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index}`);
  await printLines(stream, lines);
  assertEquals(stream.text, lines.map((line) => `${line}\n`).join(""));
  assert(sizes.length > 2 && Math.max(...sizes) < 70_000, sizes.join());
});

test("printLines() asks for no more lines when nobody reads them", async () => {
  let asked = 0;
  function* lines() {
    for (; asked < 1_000_000; asked++) yield "x".repeat(1_000);
  }
  const stream = new FakeStream();
  await printLines({ write: (data) => stream.write(data), note: () => {}, closed: true }, lines());
  assert(asked < 1_000, String(asked));
});

test("printLines() of nothing writes nothing", async () => {
  let writes = 0;
  await printLines(new FakeStream(() => writes++), []);
  assertEquals(writes, 0);
});

test("printJson() writes an object a line", async () => {
  const stream = new FakeStream();
  await printJson(stream, [1, 2], (number) => ({ number, none: undefined }));
  assertEquals(stream.text, '{"number":1}\n{"number":2}\n');
});
