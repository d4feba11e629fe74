import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const SOURCES = new URL("../../src/", import.meta.url);
const CALL = /lazyImport<typeof import\("([^"]+)"\)>\(\s*import\.meta\.resolve\(\s*"([^"]+)",?\s*\)/g;

/** The texts of all modules of the product. */
async function* readSources(folder: URL): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* readSources(new URL(`${name}/`, folder));
    else yield await Deno.readTextFile(new URL(name, folder));
  }
}

test("each lazyImport() names the module whose type it gives, so that the types hold and the import checks see it", async () => {
  let calls = 0;
  let understood = 0;
  for await (const text of readSources(SOURCES)) {
    calls += text.match(/lazyImport</g)?.length ?? 0;
    for (const [, type, module] of text.matchAll(CALL)) {
      assertEquals(module, type);
      understood++;
    }
  }
  // The definition is one more, and so is the example in its comment, which is understood as well.
  assertEquals(understood, calls - 1);
});
