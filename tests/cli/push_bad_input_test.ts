import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** Pushes these lines, of which one is bad; answers what is said of it and what is on the queue. */
async function pushLines(stdin: string | Uint8Array<ArrayBuffer>) {
  await using queue = await QueueFile.make();
  const result = await queue.process(["push"], { stdin });
  const jobs = await queue.jobs();
  assertEquals(result.stdout, jobs.map(({ id }) => `${id}\n`).join(""), "the ids of what is on the queue");
  return { ...result, commands: await queue.commands() };
}

test("a malformed JSON line is named, with what was pushed before it", async () => {
  const { code, stderr, commands } = await pushLines('a\n\n{"cmd":"b"}\n{"cmd": oops}\nc\n');
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot push line 4 of standard input: it is not valid JSON/);
  assertMatch(stderr, /\nhint: the 2 jobs of the lines before it were pushed; push again from line 4 on/);
  assertEquals(commands, ["a", "b"]);
});

test("a bad first line pushes nothing, and says so", async () => {
  const { code, stderr, commands } = await pushLines("{\na\n");
  assertEquals([code, commands], [2, []]);
  assertMatch(stderr, /line 1 of.*\nhint: nothing was pushed/);
});

test("a bad second line says that one job was pushed", async () => {
  const { stderr, commands } = await pushLines("a\n{\n");
  assertEquals(commands, ["a"]);
  assertMatch(stderr, /\nhint: the job of the lines before it was pushed; push again from line 2 on/);
});

const BAD_LINES: Readonly<Record<string, [line: string, reason: RegExp]>> = {
  "a JSON line without cmd": ['{"name":"x"}', /line 2 of standard input: it has no "cmd"/],
  "a JSON line with an unknown key": ['{"cmd":"x","comand":"y"}', /line 2 .*"comand" is not a key of a job/],
  "a JSON line with an empty cmd": ['{"cmd":" "}', /line 2 .*the command is empty/],
  "a JSON line with an empty array": ['{"cmd":[]}', /line 2 .*the program's name is empty/],
  "a JSON line with a bad duration": ['{"cmd":"x","timeout":"soon"}', /line 2 .*"soon" is not a duration/],
  "a JSON timeout of nothing": ['{"cmd":"x","timeout":0}', /line 2 .*"timeout" must be longer than 0/],
  "a job over 1 MiB": [
    JSON.stringify({
      cmd: "x",
      env: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`E${i}`, "x".repeat(118_000)])),
    }),
    /line 2 .*the job with its environment is larger than 1048576 bytes/,
  ],
  "a NUL byte in a line": ["echo \0x", /line 2 .*the command contains a NUL byte/],
  "a NUL byte in a JSON cmd": ['{"cmd":"echo \\u0000"}', /line 2 .*the command contains a NUL byte/],
  "a NUL byte in a JSON argument": ['{"cmd":["echo","\\u0000"]}', /line 2 .*an argument contains a NUL byte/],
  "a NUL byte in a JSON env": [
    '{"cmd":"x","env":{"A":"\\u0000"}}',
    /line 2 .*variable A contains a NUL byte/,
  ],
  "a JSON env with an impossible name": [
    '{"cmd":"x","env":{"A=B":""}}',
    /line 2 .*cannot be the name of an env/,
  ],
  "a command that the system would not pass": [
    `echo ${"x".repeat(200_000)}`,
    /line 2 .*the command has 200005 bytes; the system passes at most 131071/,
  ],
};
for (const [what, [line, reason]] of Object.entries(BAD_LINES)) {
  test(`${what} exits with 2 and names the line; the job before it is pushed`, async () => {
    const { code, stderr, commands } = await pushLines(`a\n${line}\nc\n`);
    assertEquals([code, commands], [2, ["a"]]);
    assertMatch(stderr, reason);
  });
}

test("a line that is not UTF-8 exits with 2; the job before it is pushed", async () => {
  const { code, stderr, commands } = await pushLines(Uint8Array.of(97, 10, 0x80, 10, 98, 10));
  assertEquals([code, commands], [2, ["a"]]);
  assertMatch(stderr, /line 2 of standard input: it is not UTF-8/);
});

const TEN_MB = "x".repeat(10_000_000);

test("a line of 10 MB exits with 2; the jobs before it are pushed", async () => {
  const { code, stderr, commands } = await pushLines(`a\nb\n${TEN_MB}\nc\n`);
  assertEquals([code, commands], [2, ["a", "b"]]);
  assertMatch(stderr, /line 3 of standard input: it is longer than \d+ bytes\nhint: the 2 jobs/);
});

test("10 MB without a line end exit with 2", async () => {
  const { code, stderr, commands } = await pushLines(TEN_MB);
  assertEquals([code, commands], [2, []]);
  assertMatch(stderr, /line 1 of standard input: it is longer than \d+ bytes\nhint: nothing was pushed/);
});

test("a JSON line of 10 MB exits with 2", async () => {
  const { code, stderr, commands } = await pushLines(`{"cmd":"${TEN_MB}"}\n`);
  assertEquals([code, commands], [2, []]);
  assertMatch(stderr, /line 1 of standard input: it is longer/);
});

const BAD_OPTIONS: Readonly<Record<string, [words: readonly string[], said: RegExp]>> = {
  "an empty -c": [["-c", ""], /Cannot push the job: the command is empty/],
  "a blank -c": [["-c", " \n"], /Cannot push the job: the command is empty/],
  "an empty -c among others": [
    ["-c", "a", "-c", "", "-c", "b"],
    /Cannot push command 2: the command is empty/,
  ],
  "an empty program": [["--", "", "x"], /Cannot push the job: the program's name is empty/],
  "an unknown option": [["--comand", "x"], /Cannot use "--comand".*\nhint: did you mean --command\?/],
  "an unknown letter": [["-Z"], /Cannot use "-Z": there is no such option/],
  "a bad duration": [
    ["--timeout", "soon"],
    /Cannot use "soon" for --timeout: "soon" is not a duration\nhint: write/,
  ],
  "a duration with an unknown unit": [["--delay", "1y"], /Cannot use "1y" for --delay/],
  "a negative duration": [["--delay", "-1s"], /Cannot use "-1s" for --delay/],
  "a timeout of nothing": [["--timeout", "0"], /Cannot use "0" for --timeout: it must be longer than 0/],
  "a bad count": [["--num-retries", "-1"], /Cannot use "-1" for --num-retries/],
  "-e without =": [["-e", "SEED"], /Cannot use --env: value number 1 is not KEY=VALUE\nhint: write it like/],
  "-e that begins with =": [["-e", "=1"], /Cannot use --env: value number 1 is not KEY=VALUE/],
  "-e without a value": [["-e"], /Cannot use -e: its value is missing\nhint: write -e KEY=VALUE/],
  "a command that the system would not pass": [["-c", "x".repeat(131_072)], /the command has 131072 bytes/],
};
for (const [what, [words, said]] of Object.entries(BAD_OPTIONS)) {
  test(`${what} exits with 2, and not even the queue's file is made`, async () => {
    await using queue = await QueueFile.make();
    const rest = words.includes("-c") || words.includes("--") ? [] : ["-c", "true"];
    const { code, stdout, stderr } = await queue.jobq(["push", ...rest, ...words]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, said);
    assertEquals([...Deno.readDirSync(queue.directory.path)], []);
  });
}

test("no bad input shows a stack trace, and each is two lines on stderr", async () => {
  await using queue = await QueueFile.make();
  const { stderr } = await queue.process(["push", "--comand", "x"]);
  assertEquals(stderr.split("\n").map((line) => line.split(" ")[0]), ["error:", "hint:", ""]);
});

test("-vv adds the stack trace to an error", async () => {
  await using queue = await QueueFile.make();
  const { stderr } = await queue.jobq(["push", "-vv", "--comand", "x"]);
  assert(stderr.includes("    at "));
});
