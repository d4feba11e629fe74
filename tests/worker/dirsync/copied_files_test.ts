import { CopiedFiles } from "../../../src/worker/dirsync/copied_files.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const STATE = {
  sizeBytes: 5,
  modifiedAt: 1_700_000_000_123,
  changedAt: 1_700_000_000_456,
  inode: 7,
  mode: 0o644,
};

test("a file is known with the size and the times that it had, and not with others", () => {
  const files = new CopiedFiles();
  files.add("a", STATE, 9);
  assertEquals(files.find("a", STATE), 9);
  assertEquals(files.find("a", { ...STATE, sizeBytes: 6 }), undefined);
  assertEquals(files.find("a", { ...STATE, modifiedAt: STATE.modifiedAt + 1 }), undefined);
  assertEquals(files.find("a", { ...STATE, changedAt: STATE.changedAt + 1 }), undefined);
  assertEquals(files.find("a", { ...STATE, inode: 8 }), undefined);
  assertEquals(files.find("b", STATE), undefined);
});

test("thousands of files keep their own numbers while others come and go", () => {
  const files = new CopiedFiles();
  const state = (number: number) => ({ ...STATE, sizeBytes: number });
  for (let number = 0; number < 3_000; number++) files.add(`${number}`, state(number), number);
  for (let number = 0; number < 3_000; number += 2) files.delete(`${number}`);
  for (let number = 3_000; number < 6_000; number++) files.add(`${number}`, state(number), number);
  assertEquals(files.size, 4_500);
  const wrong = Array.from({ length: 6_000 }, (_, number) => number).filter((number) => {
    const isThere = number >= 3_000 || number % 2 === 1;
    return files.find(`${number}`, state(number)) !== (isThere ? number : undefined);
  });
  assertEquals(wrong, []);
});

test("sweep() forgets what was neither added nor looked for since the last one", () => {
  const files = new CopiedFiles();
  files.add("kept", STATE, 1);
  files.add("gone", STATE, 1);
  files.sweep();
  files.find("kept", STATE);
  files.sweep();
  assertEquals([files.find("kept", STATE), files.find("gone", STATE)], [1, undefined]);
});
