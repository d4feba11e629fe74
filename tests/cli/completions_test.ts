import { proposeWords } from "../../src/cli/commands/completions.ts";
import { longName } from "../../src/cli/flag.ts";
import { COMMON_FLAGS } from "../../src/cli/options.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { shell } from "../support/jobq.ts";
import { test } from "../support/testing.ts";

/** What bash proposes for the last of the words, by the script that jobq prints. */
async function completeInBash(...words: readonly string[]): Promise<readonly string[]> {
  const script = `
    source <(jobq completions bash)
    [[ "$(complete -p jobq)" == *"-F _jobq jobq" ]] || exit 9
    COMP_WORDS=(jobq ${words.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=${words.length}
    _jobq
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = await shell(script);
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").filter((line) => line !== "");
}

const IN_BASH: readonly (readonly [words: readonly string[], proposed: readonly string[]])[] = [
  [["wo"], ["worker", "workers"]],
  [["jobs.db", "pus"], ["push"]],
  [["worker", "--dur"], ["--durability"]],
  [["dead", "re"], ["requeue"]],
  [["push", "--durability", ""], ["full", "normal"]],
  [["jobs.d"], []],
];
for (const [words, proposed] of IN_BASH) {
  test(`bash completes jobq ${words.join(" ")} to ${proposed.join(", ") || "nothing of its own"}`, async () => {
    assertEquals(await completeInBash(...words), proposed);
  });
}

const proposals = (...words: readonly string[]) => proposeWords(words).split("\n").slice(0, -1);

test("all commands are proposed at the start", () => {
  assertEquals(proposals(""), [
    "push",
    "run",
    "worker",
    "pull",
    "workers",
    "size",
    "peek",
    "list",
    "status",
    "why",
    "logs",
    "wait",
    "stats",
    "cancel",
    "requeue",
    "dead",
    "clear",
    "prune",
    "serve",
    "doctor",
    "completions",
  ]);
});

test("commands are proposed after a queue, whether bare or with -q", () => {
  assertEquals([proposals("-q", "jobs.db", "pe"), proposals("account/queue", "pe")], [["peek"], ["peek"]]);
});

test("the commands of a group are proposed", () => {
  assertEquals(proposals("dead", ""), ["list", "requeue", "purge"]);
});

test("the options of a group's usual command are proposed, too", () => {
  assertEquals(proposals("workers", "").slice(0, 3), ["list", "stop", "--json"]);
  assertEquals(proposals("workers", "--json", "--log-format", ""), ["text", "json"]);
});

test("the words of an option that has no default are proposed", () => {
  assertEquals(proposals("push", "--if-exists", ""), ["skip", "replace", "error"]);
  assertEquals(proposals("sb://namespace/queue", "size", "--transport", ""), ["amqp", "ws"]);
});

test("the options of a command in a group are proposed", () => {
  assertEquals(proposals("jobs.db", "dead", "purge", "--"), [
    "--all",
    "--yes",
    ...Object.keys(COMMON_FLAGS).map(longName),
    "--help",
  ]);
});

test("an option is proposed with its opposite", () => {
  const proposed = proposals("worker", "--").filter((word) => word.endsWith("heartbeat"));
  assertEquals(proposed, ["--heartbeat", "--no-heartbeat"]);
  assertEquals(proposals("worker", "--no-h"), ["--no-heartbeat"]);
});

test("nothing is proposed for a value that is not one of a few words, so that the shell proposes files", () => {
  assertEquals(proposals("push", "--cwd", ""), []);
});

test("nothing is proposed after --", () => {
  assertEquals(proposals("push", "--", "ls", ""), []);
});

test("nothing is proposed for an unknown command", () => {
  assertEquals(proposals("frobnicate", ""), []);
});

test("the shells are proposed", () => {
  assertEquals(proposals("completions", "f"), ["fish"]);
});

for (const name of ["zsh", "fish"]) {
  test(`completions ${name} prints a script that asks jobq`, async () => {
    const { code, stdout } = await runMain(["completions", name]);
    assertEquals(code, 0);
    assertMatch(stdout, /jobq __complete -- /);
  });
}

test("completions powershell prints a script that hands jobq all words, the last one even if it is empty", async () => {
  const { code, stdout } = await runMain(["completions", "powershell"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^Register-ArgumentCompleter -Native -CommandName jobq -ScriptBlock \{\n/);
  assertMatch(stdout, /\$last = if \(-not \$word .*\) \{ '""' \} else \{ \$word \}\n/);
  assertMatch(stdout, /& jobq __complete '--' @before \$last 2>\$null \|/);
  assertMatch(stdout, /CompletionResult\]::new\(/);
  const braces = [...stdout.replaceAll(/'[^'\n]*'/g, "")].filter((character) => "(){}".includes(character))
    .join("");
  assertEquals(withoutPairs(braces), "");
});

/** What is left when each bracket that is opened is taken away with the one that closes it. */
function withoutPairs(brackets: string): string {
  const fewer = brackets.replaceAll(/\(\)|\{\}/g, "");
  return fewer === brackets ? fewer : withoutPairs(fewer);
}

test("completions for another shell exits with 2 and says which there are", async () => {
  const { code, stderr } = await runMain(["completions", "csh"]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /Cannot complete for "csh": it is not a known shell\nhint: bash, zsh, fish or powershell/,
  );
});

test("completions without a shell exits with 2", async () => {
  const { code, stderr } = await runMain(["completions"]);
  assertEquals(code, 2);
  assertMatch(stderr, /SHELL is missing/);
});
