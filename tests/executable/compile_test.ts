import config from "../../deno.json" with { type: "json" };
import { bundle } from "../../scripts/compile/bundle.ts";
import { sourceFiles } from "../../scripts/compile/stage.ts";
import { assert, assertBetween, assertEquals, assertMatch } from "../support/assert.ts";
import { runExecutable } from "../support/executable.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const { jobq: rights } = config.permissions;

/** What only the library has, what every use was replaced of, and what only the other kind of build has. */
const NOT_IN_IT =
  /^src\/(?:backends\/memory\/|runner\/function_runner\.ts|core\/lazy_import\.ts|cli\/restored_env\.ts)/;

/** Runs `deno task compile` with a file of its own as output. */
async function compile(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${ROOT}scripts/compile/main.ts`, ...words],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What `deno compile` writes behind its runtime base: from there on, as text. */
async function embedded(path: string): Promise<string> {
  const { size } = await Deno.stat(Deno.execPath());
  return new TextDecoder().decode((await Deno.readFile(path)).subarray(size));
}

test("the bundle has every source file in it, those that are loaded later too", async () => {
  await using dir = await TempDir.make();
  const build = { kind: "executable", version: "1", commit: "c" } as const;
  const { directory, main, sources } = await bundle(dir.path, { build, rights });
  const wanted = await Array.fromAsync(sourceFiles("src"));
  const text = await filesOf(directory);
  for (const name of wanted.filter((name) => !sources.includes(name) && !NOT_IN_IT.test(name))) {
    // What has nothing but types is in no bundle.
    const hasCode = /^(?:export )?(?:async )?(?:function|class|const|let)\b/m;
    assert(!hasCode.test(await Deno.readTextFile(`${ROOT}${name}`)), `${name} is not in the bundle`);
  }
  assert(sources.length > 300, `${sources.length} files`);
  // Of what is loaded later, nothing stands where Deno would look for it at the start.
  assertEquals(text.match(/\bimport\("\.\/[^"]*"\)/g), null);
  assertEquals(text.match(/from ?"node:module"/g), null);
  assertEquals((await Deno.stat(`${directory}/${main}`)).isFile, true);
});

test("deno compile embeds the program and the rights of the permission set, and no others", async () => {
  await using dir = await TempDir.make();
  const output = dir.join("jobq");
  const { code, stderr } = await compile(["--output", output], { DENORT_BIN: Deno.execPath() });
  assertEquals(code, 0, stderr);
  const text = await embedded(output);
  const { permissions, entrypoint_key } = JSON.parse(
    /\{"argv":\[\].*?"app_name":"[^"]*"\}/s.exec(text)?.[0] ?? "",
  );
  assertEquals(entrypoint_key, "main.js");
  assertEquals(permissions.prompt, false);
  const listed = (value: boolean | readonly string[]) => value === true ? [] : value === false ? null : value;
  for (const name of ["read", "write", "env", "sys", "net", "run", "ffi"] as const) {
    assertEquals(permissions[`allow_${name}`], listed(rights[name]), name);
  }
  // Nothing can be imported from elsewhere.
  assertEquals(permissions.deny_import, []);
  // Code of every kind of queue, and of the Azure SDK.
  for (
    const part of [
      "openSqliteQueue",
      "openServiceBusQueue",
      "ManagedIdentityCredential",
      "QueueServiceClient",
    ]
  ) {
    assert(text.includes(part), part);
  }
  const { size } = await Deno.stat(output);
  assertBetween((size - (await Deno.stat(Deno.execPath())).size) / 1e6, 1, 12);
});

test("JOBQ_BUILD_ALLOW_NET adds hosts to those that may be reached", async () => {
  await using dir = await TempDir.make();
  const output = dir.join("jobq");
  const env = { DENORT_BIN: Deno.execPath(), JOBQ_BUILD_ALLOW_NET: "broker.example.org:5671, *.example.net" };
  assertEquals((await compile(["--output", output], env)).code, 0);
  const [, net = ""] = /"allow_net":(\[.*?\]),"deny_net"/.exec(await embedded(output)) ?? [];
  assertEquals(JSON.parse(net), [...rights.net, "broker.example.org:5671", "*.example.net"]);
});

test("an executable takes the place of a file of another kind that has its name", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("jobq"), "#!/bin/sh\n");
  const env = { DENORT_BIN: Deno.execPath() };
  assertEquals((await compile(["--output", dir.join("jobq")], env)).code, 0);
  assertEquals([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["jobq"]);
  assert(((await Deno.stat(dir.join("jobq"))).mode ?? 0) & 0o100);
});

test("doctor rights tells the hosts that were added, too", async () => {
  await using dir = await TempDir.make();
  const output = dir.join("jobq");
  const env = { JOBQ_BUILD_ALLOW_NET: "broker.example.org:5671" };
  assertEquals((await compile(["--self-contained", "--output", output], env)).code, 0);
  const words = ["doctor", "rights", "size", "-q", "account/queue", "--json"];
  const own = { JOBQ_CACHE_DIR: dir.join("cache"), TMPDIR: dir.path };
  const { code, stdout } = await runExecutable(words, { file: output, env: own });
  assertEquals(code, 0);
  const net = JSON.parse(stdout).rights.find(({ right }: { right: string }) => right === "net");
  assertEquals(net.only.at(-1), "broker.example.org:5671");
});

test("JOBQ_BUILD_ALLOW_NET that is no list of hosts is refused before anything is built", async () => {
  const { code, stderr } = await compile([], {
    JOBQ_BUILD_ALLOW_NET: "good.example.org,https://bad.example.org",
  });
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^error: Cannot allow "https:\/\/bad\.example\.org" in JOBQ_BUILD_ALLOW_NET: .*\nhint: .*\n$/,
  );
});

test("where the runtime base cannot be fetched, one error names --self-contained", async () => {
  await using dir = await TempDir.make();
  // A cache without one, and a way to the network that leads nowhere.
  const env = {
    DENORT_BIN: dir.join("none/denort"),
    HTTPS_PROXY: "http://127.0.0.1:9",
  };
  const { code, stderr } = await compile(["--output", dir.join("jobq")], env);
  assertEquals(code, 5);
  assertMatch(stderr, /^error: Cannot compile the executable for .*denort.*^hint: .*--self-contained/ms);
  assertEquals([...Deno.readDirSync(dir.path)], []);
});

async function filesOf(directory: string): Promise<string> {
  const texts: string[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    texts.push(await Deno.readTextFile(`${directory}/${name}`));
  }
  return texts.join("\n");
}
