import config from "../../deno.json" with { type: "json" };
import type { AnyCommand } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { longName } from "../../src/cli/flag.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { jobq } from "../support/jobq.ts";
import { test } from "../support/testing.ts";

/** All commands with the words that call them. */
const ALL = Object.entries(COMMANDS)
  .flatMap(([first, entry]): [words: readonly string[], command: AnyCommand][] =>
    "flags" in entry
      ? [[[first], entry]]
      : Object.entries(entry.commands).map(([second, command]) => [[first, second], command])
  );

for (const [words, { flags, brief }] of ALL) {
  test(`${words.join(" ")} --help lists every option on stdout and exits with 0`, async () => {
    const { code, stdout, stderr } = await runMain([...words, "--help"]);
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.startsWith(`${brief}.`) && stdout.includes(`Usage: jobq [QUEUE] ${words.join(" ")} `));
    for (const [key, flag] of Object.entries(flags)) {
      const alias = flag.alias ? `-${flag.alias}, ` : "    ";
      const value = flag.placeholder ? ` ${flag.placeholder}` : "";
      const name = flag.negatable ? `--[no-]${longName(key).slice(2)}` : longName(key);
      assert(stdout.includes(`\n  ${alias}${name}${value} `), name);
    }
    assertMatch(stdout, /\n {2}-h, --help +Print this help\n$/);
  });
}

for (const [words, { load }] of ALL) {
  test(`the code of ${words.join(" ")} is where its table says`, async () => {
    assertEquals(typeof await load(), "function");
  });
}

test("--help says the defaults", async () => {
  assertMatch(
    (await runMain(["worker", "--help"])).stdout,
    /--visibility-timeout DURATION .*\(default 10m\)/,
  );
});

test("--help shows an option with its opposite, and which of them is usual", async () => {
  assertMatch((await runMain(["worker", "--help"])).stdout, /\n {6}--\[no-\]heartbeat .*\(default on\)\n/);
});

test("no option has the letter of another option of the same command", () => {
  for (const [words, { flags }] of ALL) {
    const letters = ["h", ...Object.values(flags).flatMap(({ alias }) => alias ?? [])];
    assertEquals(letters.length, new Set(letters).size, words.join(" "));
  }
});

for (const words of [["--help"], ["-h"], ["help"], ["jobs.db", "--help"]]) {
  test(`${words.join(" ")} lists every command on stdout and exits with 0`, async () => {
    const { code, stdout, stderr } = await runMain(words);
    assertEquals([code, stderr], [0, ""]);
    for (const [name, { brief }] of Object.entries(COMMANDS)) {
      assertMatch(stdout, new RegExp(`\n  ${name} +${brief}\n`));
    }
  });
}

test("jobq without words prints its help on stderr and exits with 2", async () => {
  const { code, stdout, stderr } = await jobq([]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /Usage: jobq \[QUEUE\] COMMAND/);
});

for (const words of [["dead"], ["dead", "--help"]]) {
  test(`${words.join(" ")} lists its commands and exits with 0`, async () => {
    const { code, stdout } = await runMain(words);
    assertEquals(code, 0);
    assertMatch(stdout, /\n {2}list .*\n {2}requeue .*\n {2}purge /);
  });
}

test("--help lists the commands under heads, each once", async () => {
  const { stdout } = await runMain(["--help"]);
  const list = stdout.split("jobq COMMAND --help")[0] ?? "";
  const names = [...list.matchAll(/^ {2}(\w+) /gm)].map(([, name = ""]) => name);
  assertEquals(names.toSorted(), Object.keys(COMMANDS).toSorted());
  assertMatch(list, /\nSee them:\n {2}size /);
});

test("the usual command of a group may be left out", async () => {
  const { code, stderr } = await runMain(["workers", "--frobnicate"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot use "--frobnicate": there is no such option/);
});

test("-- is refused where no program is expected", async () => {
  const { code, stderr } = await runMain(["list", "--", "ls"]);
  assertEquals([code, stderr], [
    2,
    'error: Cannot use "--" with list\nhint: only push and run take a program after it\n',
  ]);
});

for (const word of ["--version", "-V"]) {
  test(`${word} prints the version`, async () => {
    assertEquals(await runMain([word]), { code: 0, stdout: `jobq ${config.version}\n`, stderr: "" });
  });
}

const UNKNOWN: Readonly<Record<string, string>> = {
  "psuh": 'Cannot run "psuh": there is no such command\nhint: did you mean push?',
  "jobs.db psuh": 'Cannot run "psuh": there is no such command\nhint: did you mean push?',
  "frobnicate": 'Cannot run "frobnicate": there is no such command\nhint: jobq --help lists the commands',
  "dead lst": 'Cannot run "dead lst": there is no such command\nhint: did you mean dead list?',
  "constructor": 'Cannot run "constructor": there is no such command\nhint: jobq --help lists the commands',
};
for (const [line, said] of Object.entries(UNKNOWN)) {
  test(`the unknown command ${line} exits with 2`, async () => {
    assertEquals(await runMain(line.split(" ")), { code: 2, stdout: "", stderr: `error: ${said}\n` });
  });
}

for (
  const words of [
    ["size", "x"],
    ["peek", "x"],
    ["clear", "x"],
    ["pull", "x"],
    ["list", "x"],
    ["stats", "x"],
    ["prune", "x"],
    ["logs", "1", "2"],
    ["workers", "list", "x"],
    ["run", "x"],
    ["completions", "bash", "zsh"],
  ]
) {
  test(`${words.join(" ")} exits with 2, as nothing is expected there`, async () => {
    const { code, stderr } = await runMain(words);
    assertEquals(code, 2);
    assertMatch(stderr, /Cannot use ".*": nothing is expected there/);
  });
}
