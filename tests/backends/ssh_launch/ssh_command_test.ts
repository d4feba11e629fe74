import type { FileAddress } from "../../../src/backends/address.ts";
import { remoteLine, sshArguments } from "../../../src/backends/ssh/ssh_command.ts";
import { assertEquals } from "../../support/assert.ts";
import { writePrograms } from "../../support/ssh_programs.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const USUAL = { mayAsk: false, hasPassword: false, remoteLine: "jobq serve" } as const;

/** The values of one option of ssh. */
const valuesOf = (args: readonly string[], flag: string) =>
  args.flatMap((arg, index) => arg === flag ? [args[index + 1]] : []);

test("ssh is told neither a port nor a user that the address lacks, and nothing after the host but the line", () => {
  const args = sshArguments({ ...USUAL, host: "login" });
  assertEquals([valuesOf(args, "-p"), valuesOf(args, "-l")], [[], []]);
  assertEquals(args.slice(args.indexOf("--")), ["--", "login", "jobq serve"]);
});

test("ssh is told the port and the user of the address", () => {
  const args = sshArguments({ ...USUAL, host: "::1", port: 2222, user: "ann" });
  assertEquals([valuesOf(args, "-p"), valuesOf(args, "-l")], [["2222"], ["ann"]]);
});

test("ssh makes no terminal over there, notices a dead connection, and gives up on a silent host", () => {
  const args = sshArguments({ ...USUAL, host: "login" });
  assertEquals(args[0], "-T");
  assertEquals(valuesOf(args, "-o"), [
    "BatchMode=yes",
    "LogLevel=INFO",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "RemoteCommand=none",
  ]);
});

test("where ssh may ask, its configuration says whether it does", () => {
  const options = valuesOf(sshArguments({ ...USUAL, host: "login", mayAsk: true }), "-o");
  assertEquals(options[0], "LogLevel=INFO");
});

for (const mayAsk of [false, true]) {
  test(`a password is handed over ${mayAsk ? "on" : "without"} a terminal, and tried once`, () => {
    const options = valuesOf(sshArguments({ ...USUAL, host: "login", mayAsk, hasPassword: true }), "-o");
    assertEquals(options.slice(0, 2), ["BatchMode=no", "NumberOfPasswordPrompts=1"]);
  });
}

const PLACE: FileAddress = { kind: "directory", path: "/q" };
const LINE = { program: "jobq", place: PLACE, create: true, durability: "full" } as const;

/** What a program gets, and where it is, when a shell of a home directory runs the line; one word a NUL. */
async function run(line: string, home: string): Promise<readonly string[]> {
  const script = '#!/bin/sh\nprintf \'%s\\0\' "$0" "$@"\n';
  await writePrograms(home, { "jobq": script, "my jobq's": script });
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd: home,
    env: { HOME: home, PATH: `${home}:${Deno.env.get("PATH")}` },
  }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

const PLACES: Readonly<Record<string, FileAddress>> = {
  "file:/q": PLACE,
  "file:~/q": { kind: "directory", path: "~/q" },
  "file:/a.db": { kind: "directory", path: "/a.db" },
  "sqlite:/a.db#gpu": { kind: "sqlite", path: "/a.db", queue: "gpu", isDefault: false },
  "sqlite:/a#b.db#default": { kind: "sqlite", path: "/a#b.db", queue: "default", isDefault: false },
  "file:/a b/ü;'\"$(touch x)`touch x`&|\\!\n*": {
    kind: "directory",
    path: "/a b/ü;'\"$(touch x)`touch x`&|\\!\n*",
  },
};
for (const [word, place] of Object.entries(PLACES)) {
  test(`the shell over there hands ${JSON.stringify(word)} to jobq as one word`, async () => {
    await using home = await TempDir.make();
    const words = await run(remoteLine({ ...LINE, place }), home.path);
    assertEquals(words, [home.join("jobq"), "serve", "--stdio", word]);
    assertEquals([...Deno.readDirSync(home.path)].length, 2);
  });
}

test("the jobq over there is told not to make a queue, and how durable it is to be", async () => {
  await using home = await TempDir.make();
  const words = await run(remoteLine({ ...LINE, create: false, durability: "normal" }), home.path);
  assertEquals(words.slice(1), ["serve", "--stdio", "--no-create", "--durability", "normal", "file:/q"]);
});

test("a program over there may have a name with spaces and quotes", async () => {
  await using home = await TempDir.make();
  const program = home.join("my jobq's");
  assertEquals((await run(remoteLine({ ...LINE, program }), home.path))[0], program);
});

test("a program in the home directory over there is found there", async () => {
  await using home = await TempDir.make();
  const words = await run(remoteLine({ ...LINE, program: "~/my jobq's" }), home.path);
  assertEquals(words[0], home.join("my jobq's"));
});
