import { assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";

test("an error is two lines: what and why, then what to do", async () => {
  const { code, stderr } = await runMain(["/no/such/jobs.db", "size"]);
  assertEquals(code, 3);
  assertMatch(stderr, /^error: Cannot open "\/no\/such\/jobs\.db": .*\nhint: .*\n$/);
});

for (const format of [["--log-format", "json"], ["--log-format=json"]]) {
  test(`with ${format.join(" ")} an error is a line of JSON like the others`, async () => {
    const { code, stderr } = await runMain(["/no/such/jobs.db", "size", ...format]);
    assertEquals(code, 3);
    const { level, message, hint } = JSON.parse(stderr) as Record<string, string>;
    assertEquals(level, "error");
    assertMatch(`${message}`, /^Cannot open/);
    assertMatch(`${hint}`, /check the name/);
  });
}

test("-vv adds where it happened", async () => {
  const { stderr } = await runMain(["/no/such/jobs.db", "size", "-vv"]);
  assertMatch(stderr, /\n +at /);
});

test("without -vv there is no stack", async () => {
  const { stderr } = await runMain(["/no/such/jobs.db", "size", "-v"]);
  assertEquals(stderr.split("\n").length, 3);
});
