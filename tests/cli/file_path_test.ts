import { filePath } from "../../src/cli/file_path.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("a file URL has the path that it names, blanks and other characters as they are", () => {
  assertEquals(filePath("file:///a%20b/%C3%A9%25.ts"), "/a b/é%.ts");
  assertEquals(filePath("file:///C:/jobq/main.ts"), "C:/jobq/main.ts");
  assertEquals(filePath(import.meta.url), import.meta.filename);
});
