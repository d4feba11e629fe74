import config from "../../deno.json" with { type: "json" };
import { commitOf } from "../../src/cli/build_info.ts";
import { ownProgram } from "../../src/cli/own_program.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

const ROOT = new URL("../../", import.meta.url);

test("--version --json tells, of the sources, that they are", async () => {
  const { code, stdout } = await runMain(["--version", "--json"]);
  assertEquals(code, 0);
  assertEquals(JSON.parse(stdout), {
    version: config.version,
    commit: await commitOf(ROOT),
    kind: "sources",
    target: Deno.build.target,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  });
});

test("--version takes no other option", async () => {
  const { code, stderr } = await runMain(["--version", "--yaml"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot use "--yaml"/);
});

test("the commit of sources without git is unknown", async () => {
  await using dir = await TempDir.make();
  assertEquals(await commitOf(new URL(`file://${dir.path}/`)), "unknown");
});

test("from the sources, the program is started once more from the sources", async () => {
  const { command, args, env } = ownProgram();
  const { stdout } = await new Deno.Command(command, { args: [...args, "--version"], env }).output();
  assertEquals(new TextDecoder().decode(stdout), `jobq ${config.version}\n`);
});
