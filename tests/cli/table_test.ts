import { formatTable, widthOf } from "../../src/cli/table.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";

test("formatTable() lays out columns and leaves no blanks at the end", () => {
  assertEquals(
    formatTable([["A", "B", "C"], ["1", "22", ""], ["333", "", "x"]]),
    "A    B   C\n1    22\n333      x\n",
  );
});

test("formatTable() cuts lines at the width", () => {
  assertEquals(formatTable([["a", "bcdefg"], ["b", "cde"]], 6), "a  bc…\nb  cde\n");
});

test("formatTable() makes blanks of control characters", () => {
  assertEquals(formatTable([["a\n\x1b[2Jb", "c\td\x9b"]]), "a [2Jb  c d\n");
});

test("formatTable() of nothing is nothing", () => {
  assertEquals(formatTable([]), "");
});

test("widthOf() is a terminal's number of columns, and without a terminal there is no width", () => {
  const terminal = new FakeIo({ terminals: ["stdout"], columns: 33 });
  assertEquals([widthOf(terminal.io), widthOf(new FakeIo().io)], [33, Infinity]);
});
